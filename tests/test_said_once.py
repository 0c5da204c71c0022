"""What is told of an account is told once: evidence of one thing, and people already named."""

from __future__ import annotations

import pytest

from risk_model import respond
from risk_model.pipelines.judges import working_catalogue
from small_company import SETTINGS

HOW, RULES = SETTINGS.response, SETTINGS.rules.by_id


def test_one_dispute_is_one_piece_of_evidence_however_many_windows_show_it() -> None:
    values = {"billing_14d": 1.0, "billing_28d": 1.0, "billing_84d": 1.0, "as_of": 20_000.0}
    values |= {"billing_14d_date": 19_999.5 * 86_400}
    catalogue = working_catalogue(SETTINGS)
    by_rule = respond.evidence([RULES["billing-dispute"]], values, catalogue, HOW)["contract"]
    assert len(by_rule) == 1
    assert by_rule[0].startswith("1 message or ticket in 2 weeks disputes invoice")
    by_signs = respond.evidence([], values | {"hesitancy_28d": 1.0}, catalogue, HOW)["contract"]
    assert len(by_signs) == 2
    assert sum("invoice" in said for said in by_signs) == 1


@pytest.mark.parametrize(
    ("rule", "cause", "ends"),
    [
        ("csat-falling", "support", "and call the people who gave them"),
        ("billing-dispute", "contract", "one line at a time; bring in Contracts and Sales"),
        ("usage-drop", "product", "main task; bring in Support, Product and Engineering"),
    ],
)
def test_who_is_named_in_the_step_is_not_brought_in_again(rule: str, cause: str, ends: str) -> None:
    (step,) = respond.first_steps([[RULES[rule]]], [""], ["at-risk"], HOW, causes=[cause])
    assert step.endswith(ends)
