"""What kind of flag a feature raises: the table that it comes from, or what was heard."""

from __future__ import annotations

from risk_model.catalogue.spec import SAID, STINTS_OF, Catalogue, Feature

# Where the rows of one table tell of another's. What was said counts by what it says, anywhere.
TABLE_OF = {**STINTS_OF, "ticket_events": "tickets", SAID: "messages"}
# Columns of a message that a feature may ask for without asking what was heard.
PLAIN = frozenset(
    {
        *("direction", "channel", "sender_role", "recipient_role", "thread_id"),
        *("sentiment", "concern", "wants_answer", "complains", "mere_thanks", "urgency"),
    }
)


def kind_of(feature: Feature, catalogue: Catalogue) -> str:
    """Return the kind: a table's name, or ``messages: threat`` for what a message says."""
    if feature.is_derived:
        return kind_of(catalogue.by_name[feature.parts[0]], catalogue)
    table = TABLE_OF.get(feature.source, feature.source)
    heard = sorted(set(feature.where) - PLAIN) if table == "messages" else []
    return f"{table}: {heard[0]}" if heard else table
