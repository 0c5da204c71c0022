"""What a customer's text says: sentiment and flags, each traceable to the words that raised it."""

from risk_model.text.batch import explain_all, hear_all
from risk_model.text.hearing import SIGNALS, hear, hear_why
from risk_model.text.lexicon import Lexicons, load_lexicons

__all__ = ["SIGNALS", "Lexicons", "explain_all", "hear", "hear_all", "hear_why", "load_lexicons"]
