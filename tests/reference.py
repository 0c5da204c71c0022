"""What every feature is by definition: loops over rows in plain Python, one snapshot at a time.

No pandas, no SQL, no tiles, no grid. It is slow, and it is what the fast way has to equal.

A *fact* is one row of a source: its values, and for every value the second from which it is known
(None: never). At the second ``now`` only facts with ``known < now`` exist.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from reference_facts import (
    DAY,
    HEARD,
    HOURS,
    MADE_OF_SIGNALS,
    SUBJECTS,
    Fact,
    Hear,
    add_answers,
    add_automatic,
    add_busy,
    add_by_itself,
    add_csm_changes,
    add_hours,
    add_made_up,
    add_matters,
    add_signals,
    add_unplanned,
    ever_current,
    fact_of,
    in_seconds,
    rows_of,
    said_of,
)
from reference_tickets import clock_of, stretch_of, waits_of
from reference_verbs import HAPPENS, at_of, columns_read, derived, of_past, of_rows
from risk_model.catalogue import Catalogue, Feature
from risk_model.tables import Tables
from risk_model.tables.contract import CONTRACT
from risk_model.text import SIGNALS

# Status values of the random companies that say that it is the customer's turn.
WITH_CUSTOMER = ("pending", "waiting on customer")
SAID = ("public_reply", "automatic_reply", "reopened", "our turn", "their turn")
STINTS = ("priorities", "silences", "clocks")
REGISTERS = ("accounts", "renewals", "outcomes")


# What a row of a table has besides its columns.
ADDED = {
    "messages": (add_automatic,),
    "incidents": (add_busy, add_unplanned),
    "renewals": (add_by_itself,),
}


class Reference:
    """The tables as rows, opened once; ``feature`` answers for one account on one day."""

    def __init__(self, tables: Tables, hear: Hear) -> None:
        self.present = tables.present
        self.tables = {name: rows_of(tables, name) for name in tables.present}
        self.sources: dict[str, dict[str, list[Fact]]] = {}
        self.missing: dict[str, set[str]] = {}
        for name in tables.present:
            self._open(name, hear)
        if "tickets" in tables.present:
            self._open_priorities()
            self._open_silences()
            self._open_clocks()
        self._open_said()
        self.measured_days = {
            name: [(event // DAY, known) for event, known in self._events(name)]
            for name in tables.present
        }

    def features(
        self, catalogue: Catalogue, snapshots: Iterable[tuple[str, int]]
    ) -> list[dict[str, float | None]]:
        """Return every feature of every snapshot (account, day number); None: not measured."""
        answers = []
        for account, as_of in snapshots:
            values: dict[str, float | None] = {}
            for feature in catalogue.features:
                self._add(values, feature, catalogue, account, as_of)
            answers.append(values)
        return answers

    def _add(
        self,
        values: dict[str, float | None],
        feature: Feature,
        catalogue: Catalogue,
        account: str,
        as_of: int,
    ) -> None:
        if feature.name in values:
            return
        if feature.is_derived:
            for part in feature.parts:
                self._add(values, catalogue.by_name[part], catalogue, account, as_of)
            values[feature.name] = derived(feature, values)
        elif not self.is_measured(feature, as_of):
            values[feature.name] = None
        elif feature.verb == "top_share":
            values[feature.name] = self._top_share(feature, account, as_of)
        else:
            facts = self.sources[feature.source].get(account, [])
            value = of_rows(feature, facts, as_of)
            lost = value == 0 and self._is_not_understood(feature, account, as_of)
            values[feature.name] = None if lost else value

    def _is_not_understood(self, feature: Feature, account: str, as_of: int) -> bool:
        """Say whether it counts what texts say, and more were not understood than were."""
        if feature.verb not in ("count", "open", "most_common", "distinct", "sum", "total", "ever"):
            return False
        hears = {*SIGNALS, *MADE_OF_SIGNALS} - {"words", "understood"}
        if feature.source != "said" and not feature.columns & hears:
            return False
        end = (as_of - feature.lag) * DAY
        begin = end - (feature.window or feature.within or 364) * DAY
        told = {0.0: 0, 1.0: 0}
        for name in HEARD if feature.source == "said" else (feature.source,):
            at = HAPPENS[name]
            if {"understood", at} & self.missing.get(name, {at}):
                continue
            for fact in self.sources[name].get(account, []):
                understood, when = fact.values["understood"], fact.values[at]
                seen = understood is not None and fact.is_known(["understood", at], end)
                if seen and when is not None and begin <= when < end:
                    told[understood] += 1
        return told[0.0] > told[1.0]

    def _top_share(self, feature: Feature, account: str, as_of: int) -> float | None:
        """Return the share of the accounts under contract whose value is as high, or higher."""
        values = {}
        for name, versions in self.sources["accounts"].items():
            read = {
                "value": feature.top_share,
                "starts": "contract_start",
                "ends": "contract_end",
            }
            known = {
                what: of_past(
                    Feature(name="a", means="a", source="accounts", latest=column), versions, as_of
                )
                for what, column in read.items()
            }
            is_over = known["ends"] is not None and known["ends"] <= as_of * DAY
            is_yet = known["starts"] is None or known["starts"] <= as_of * DAY
            if known["value"] is not None and is_yet and not is_over:
                values[name] = known["value"]
        if account not in values:
            return None
        return sum(value >= values[account] for value in values.values()) / len(values)

    def is_measured(self, feature: Feature, as_of: int) -> bool:
        """Say whether table and columns are there, and the table covers the window."""
        if feature.source == "said":
            return any(self._covers(table, feature, as_of) for table in self.said_in)
        table = "tickets" if feature.source in STINTS else feature.source
        if table not in self.present or self._needs(feature) & self.missing[feature.source]:
            return False
        if table in REGISTERS:
            return True
        if feature.source == "silences" and "ticket_events" in self.present:
            table = "ticket_events"
        return self._covers(table, feature, as_of)

    def _covers(self, table: str, feature: Feature, as_of: int) -> bool:
        """Say whether the rows of a table, as known by then, reach around the window."""
        grace = CONTRACT[table].grace_days
        days = [day for day, known in self.measured_days[table] if known < as_of * DAY]
        last_looked_at = as_of - feature.lag - 1
        first_looked_at = as_of - feature.lag - (feature.window or 1)
        return (
            bool(days)
            and min(days) - grace <= first_looked_at
            and last_looked_at <= max(days) + grace
        )

    def _needs(self, feature: Feature) -> set[str]:
        """Return the columns read, and those that say when each of them is known."""
        columns = columns_read(feature) | set(feature.interval.until if feature.interval else ())
        columns |= {at_of(feature)}
        contract = CONTRACT.get(feature.source)
        for name in list(columns):
            if contract and name in contract.by_name and not self._is_mapped(feature.source, name):
                columns |= {contract.by_name[name].known_at or name}
            if name in {*SIGNALS, "concern"} and feature.source == "surveys":
                columns |= {"comment"}
                if not self._is_mapped("surveys", "comment"):
                    columns |= {"responded_at"}
        return columns

    def _is_mapped(self, source: str, column: str) -> bool:
        """Say whether the export told from when the column is known."""
        return any(f"known__{column}" in row for row in self.tables[source][:1])

    def _events(self, name: str) -> list[tuple[int, int]]:
        """Return (time, known) of every row of a table, whoever's it is."""
        events = []
        for row in self.tables[name]:
            times = [in_seconds(name, column, row) for column in CONTRACT[name].row_known_at]
            time = next((time for time in times if time is not None), None)
            if time is not None:
                events.append((time, max(time, row["row_known"])))
        return events

    def _open(self, name: str, hear: Hear) -> None:
        table = CONTRACT[name]
        facts: dict[str, list[Fact]] = defaultdict(list)
        for row in self.tables[name]:
            fact = fact_of(name, row)
            add_hours(name, fact)
            if name in HEARD:
                add_signals(name, fact, hear)
            facts[row["account_id"]].append(fact)
            for add in ADDED.get(name, ()):
                add(fact)
        missing = {column.name for column in table.columns} - self.present[name]
        for theirs in facts.values():
            if name == "messages":
                add_answers(theirs, self._meetings_of(theirs[0].values["account_id"]))
            if name == "meetings":
                add_made_up(theirs)
            if name == "accounts":
                theirs[:] = ever_current(theirs)
                add_csm_changes(theirs)
            if name in SUBJECTS:
                add_matters(name, theirs)
        if name in SUBJECTS and missing >= set(SUBJECTS[name][:2]):
            missing |= {"matter"}
        missing |= {"csm_changed"} if "csm" in missing else set()
        missing |= {"made_up_at"} if name == "meetings" and "status" in missing else set()
        for derived_name, (_, until) in HOURS.get(name, {}).items():
            missing |= {derived_name} if until in missing else set()
        if name == "usage" and "actions" in missing:
            missing |= {"weekday_actions"}
        missing |= {"automatic"} if name == "messages" and "direction" in missing else set()
        if name in HEARD and set(HEARD[name]) <= missing:
            missing |= {*SIGNALS, *MADE_OF_SIGNALS}
        self.sources[name], self.missing[name] = facts, missing

    def _open_said(self) -> None:
        """Texts of theirs that raise a matter, from all tables that have texts of theirs."""
        said: dict[str, list[Fact]] = defaultdict(list)
        there = []
        for name in HEARD:
            at = HAPPENS[name]
            missing = self.missing.get(name, {"threat"})
            if missing & {"threat", "direction", at}:
                continue
            there.append(name)
            for account, facts in self.sources[name].items():
                said[account] += [row for fact in facts if (row := said_of(name, fact, at))]
        self.sources["said"], self.missing["said"] = said, set()
        self.said_in = [name for name in there if name != "surveys"] or there

    def _meetings_of(self, account: str) -> list[Fact]:
        told = "status" in self.present.get("meetings", ())
        rows = self.tables["meetings"] if told else []
        return [fact_of("meetings", row) for row in rows if row["account_id"] == account]

    def _open_priorities(self) -> None:
        """A ticket's stints: the priority exported, then each change, until the next."""
        with_values = "value" in self.present.get("ticket_events", ())
        changes = defaultdict(list)
        for events in self.sources.get("ticket_events", {}).values():
            for event in events:
                if with_values and event.values["kind"] == "priority":
                    told = event.values["value"]
                    since = [event.values["occurred_at"], event.row_known]
                    since += [event.known.get("kind"), event.known.get("value")]
                    if None not in since:
                        change = (max(since), told or "", told and told.upper())
                        changes[event.values["ticket_id"]].append(change)
        stints: dict[str, list[Fact]] = defaultdict(list)
        for account, tickets in self.sources["tickets"].items():
            for ticket in tickets:
                moments = list(changes[ticket.values["ticket_id"]])
                exported, since = ticket.values["priority"], ticket.known["priority"]
                if exported is not None and since is not None:
                    start = max(ticket.values["opened_at"], ticket.row_known, since)
                    moments.append((start, "", exported))
                moments.sort(key=lambda moment: moment[:2])
                for number, (start, _, priority) in enumerate(moments):
                    following = [time for time, _, _ in moments[number + 1 :]]
                    values = {
                        **ticket.values,
                        "from_time": start,
                        "until_time": min(following, default=None),
                        "priority": priority,
                    }
                    known = {"resolved_at": ticket.known["resolved_at"]}
                    stints[account].append(Fact(values, known, ticket.row_known, ""))
        self.sources["priorities"] = stints
        self.missing["priorities"] = self.missing["tickets"] & {"priority", "resolved_at"}

    def _words(self) -> dict[str, set[tuple[int, str]]]:
        """Return what was said of each ticket, from when it is known, and what by."""
        reads_status = "value" in self.present.get("ticket_events", ())
        words = defaultdict(set)
        for events in self.sources.get("ticket_events", {}).values():
            for event in events:
                kind = event.values["kind"]
                since = [event.values["occurred_at"], event.row_known, event.known["kind"]]
                if kind == "status" and reads_status:
                    since.append(event.known["value"])
                    theirs = (event.values["value"] or "").lower() in WITH_CUSTOMER
                    kind = "their turn" if theirs else "our turn"
                elif kind == "status":
                    kind = "our turn"
                if kind in SAID and None not in since:
                    words[event.values["ticket_id"]].add((max(since), kind))
        return words

    def _open_silences(self) -> None:
        """A ticket's stretches: whatever is said of it parts one from the next."""
        has_log, words = "ticket_events" in self.present, self._words()
        silences: dict[str, list[Fact]] = defaultdict(list)
        for account, tickets in self.sources["tickets"].items():
            for ticket in tickets:
                said = {(max(ticket.values["opened_at"], ticket.row_known), "opened")}
                response, since = (
                    ticket.values["first_response_at"],
                    ticket.known["first_response_at"],
                )
                if response is not None and since is not None:
                    said.add((max(response, ticket.row_known, since), "public_reply"))
                said |= words[ticket.values["ticket_id"]]
                moments = sorted({moment for moment, _ in said})
                for number, moment in enumerate(moments):
                    following = min(moments[number + 1 :], default=None)
                    values = stretch_of([(m, what) for m, what in said if m <= moment])
                    if values is None or (values["replies"] and not has_log):
                        continue
                    values = {**ticket.values, "until_time": following, **values}
                    known = {name: ticket.known[name] for name in ("resolved_at", "priority")}
                    since = max(ticket.row_known, moment)
                    silences[account].append(Fact(values, known, since, ""))
        missing = self.missing["tickets"] & {"priority", "resolved_at"}
        if not has_log and "first_response_at" in self.missing["tickets"]:
            missing |= {"from_time"}
        self.sources["silences"], self.missing["silences"] = silences, missing

    def _open_clocks(self) -> None:
        """A ticket's stretches in one side's hands and under one priority, with our clocks."""
        words, stints = self._words(), defaultdict(list)
        for facts in self.sources["priorities"].values():
            for stint in facts:
                if stint.values["until_time"] != stint.values["from_time"]:
                    stints[stint.values["ticket_id"]].append(stint.values)
        clocks: dict[str, list[Fact]] = defaultdict(list)
        for account, tickets in self.sources["tickets"].items():
            for ticket in tickets:
                waits = waits_of(words[ticket.values["ticket_id"]])
                under = stints[ticket.values["ticket_id"]]
                moments = {max(ticket.values["opened_at"], ticket.row_known)}
                moments |= {moment for moment, kind in words[ticket.values["ticket_id"]]}
                moments |= {stint["from_time"] for stint in under}
                known = {name: ticket.known[name] for name in ("resolved_at", "promised_for")}
                known["due_at"] = ticket.known["sla_due_at"]
                for moment in sorted(moments):
                    following = min((m for m in moments if m > moment), default=None)
                    begun = [stint for stint in under if stint["from_time"] <= moment]
                    stint = max(begun, key=lambda one: one["from_time"], default=None)
                    values = {**ticket.values, "until_time": following}
                    values |= clock_of(ticket.values, waits, stint, moment)
                    since = max(ticket.row_known, moment)
                    clocks[account].append(Fact(values, known, since, ""))
        missing = self.missing["tickets"] & {"priority", "resolved_at"}
        missing |= {"due_at"} if "sla_due_at" in self.missing["tickets"] else set()
        if self.missing["tickets"] & {"promised_for", "promise_made_at"}:
            missing |= {"promised_for"}
        self.sources["clocks"], self.missing["clocks"] = clocks, missing
