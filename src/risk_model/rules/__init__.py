"""The rules: specs read from YAML, a company's own changes to them, and the rulebook."""

from risk_model.rules.book import Rulebook
from risk_model.rules.loading import load_rules
from risk_model.rules.spec import Case, Cause, Grade, Kinds, Rule, RuleSet

__all__ = ["Case", "Cause", "Grade", "Kinds", "Rule", "RuleSet", "Rulebook", "load_rules"]
