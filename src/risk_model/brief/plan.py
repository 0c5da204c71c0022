"""``models/documents.yaml``: which sections a document has, and what stands in each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from risk_model.documents import Document, Strict, check_document, did_you_mean, read_changed
from risk_model.errors import ConfigError

Kind = Literal["email", "tracking", "executive", "investigation", "post-mortem", "expectations"]
KINDS: tuple[Kind, ...] = (
    "email",
    "tracking",
    "executive",
    "investigation",
    "post-mortem",
    "expectations",
)
PARTS = (
    "after",
    "ask",
    "billing",
    "cadence",
    "case",
    "clock",
    "communication",
    "contacts",
    "convey",
    "done",
    "escalation_path",
    "factors",
    "gaps",
    "identity",
    "impact",
    "issue",
    "level",
    "past_escalations",
    "path",
    "plan",
    "prevention",
    "reasons",
    "repeated",
    "resolution",
    "root_cause",
    "said",
    "service_levels",
    "summary",
    "teams",
    "terms",
    "timeline",
    "told",
)


class SectionPlan(Strict):
    """A section: what the data gives, then what people add."""

    heading: str = Field(min_length=1)
    says: str = ""
    parts: tuple[str, ...] = ()
    blanks: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    most: int | None = Field(None, gt=0)


class DocumentPlan(Strict):
    """One document; ``title`` may hold ``{account}`` and ``{summary}``."""

    kind: str
    title: str
    sections: tuple[SectionPlan, ...]

    @field_validator("title")
    @classmethod
    def _known_places(cls, title: str) -> str:
        bare = title.replace("{account}", "").replace("{summary}", "")
        if "{" in bare or "}" in bare:
            raise ValueError("only {account} and {summary} can be filled in.")
        return title


class DocumentPlans(Strict):
    """All documents, and how far back they look."""

    timeline_days: int = Field(60, gt=0)
    timeline_rows: int = Field(40, gt=0)
    post_mortem_after: int = Field(3, ge=2)
    post_mortem_days: int = Field(365, gt=0)
    documents: Mapping[Kind, DocumentPlan]


def load_documents(file: Path, company: Document | None = None) -> DocumentPlans:
    """Read the documents' plans, with a company's changes.

    Raises ConfigError with every mistake, its line and a remedy.
    """
    document = read_changed(file, company)
    plans = check_document(document, DocumentPlans)
    mistakes = [
        f"{document.where(('documents', kind, 'sections', place, 'parts', number))}: "
        f"unknown part '{part}'.{did_you_mean(part, PARTS)}"
        for kind, plan in plans.documents.items()
        for place, section in enumerate(plan.sections)
        for number, part in enumerate(section.parts)
        if part not in PARTS
    ]
    absent = [kind for kind in KINDS if kind not in plans.documents]
    mistakes += [f"{document.where(('documents',))}: '{kind}' is missing." for kind in absent]
    if mistakes:
        raise ConfigError(mistakes)
    return plans
