"""A simulated company: every table of the contract, made from hidden troubles nobody else reads.

It stands apart from the product. The mechanism knows nothing of features, rules or lexicons, and
nothing but the command line imports it, so a model that finds skill here has found it in the signs.
"""

from risk_model.sample.company import make_company
from risk_model.sample.write import write_company

__all__ = ["make_company", "write_company"]
