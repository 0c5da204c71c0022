"""Files for other tools' importers: renamed and spelt anew, never computed anew."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from command import Command
from risk_model.errors import ConfigError, DataRefused, UsageError
from risk_model.importers import TARGETS, Importer, Target, export
from risk_model.pipelines.importing import unlisted, with_export
from risk_model.settings import default_folder, load_settings
from risk_model.watchlist import COLUMNS, ESCALATED_COLUMNS, Watchlist, as_csv
from small_company import SETTINGS, account, day, desk, moment, ticket, write_tables

IMPORTERS = SETTINGS.importers


def a_list(count: int = 3, **cells: object) -> pd.DataFrame:
    """Return a list of so many rows; ``cells`` stand in each of them."""
    row = dict.fromkeys(COLUMNS, "x") | {
        "account_name": "=SUM(1)",
        "as_of": "2026-03-30",
        "escalation_probability": 0.1 + 0.2,
        "arr": 1000.0,
        "arr_at_risk": 300.0,
        "likely_cause": "",
        "reason_1": "Logins down 46%, “quoted”",
        "acknowledge_by": "2026-03-30T00:15:00Z",
        "recovery_stage": "",
        "previous_rank": pd.NA,
    }
    rows = [row | {"rank": n + 1, "account_id": f"00{n}"} | cells for n in range(count)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def read(data: bytes) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False)


@pytest.mark.parametrize("target", TARGETS)
def test_every_cell_is_the_lists_own_but_for_times_and_words_that_say_nothing(
    target: Target,
) -> None:
    importer = IMPORTERS.of(target)
    rows = a_list()
    (file,) = export(rows, target, importer).files
    assert not file.startswith(b"\xef\xbb\xbf")
    theirs, ours = read(file), read(as_csv(rows))
    assert theirs.columns.tolist() == list(importer.columns.values())
    for name, called in importer.columns.items():
        if name == "acknowledge_by" and importer.times:
            assert set(theirs[called]) == {"2026-03-30T00:15:00.000+0000"}
        elif name in ("likely_cause", "recovery_stage"):
            assert set(theirs[called]) == {"none"}, "last week's words are not kept"
        else:
            assert theirs[called].tolist() == ours[name].tolist()


@pytest.mark.parametrize("target", TARGETS)
def test_what_belongs_to_the_tool_is_not_written_into_it(target: Target) -> None:
    ours = set(IMPORTERS.of(target).columns)
    assert not ours & {"account_name", "segment", "csm", "arr", "renewal_date", "previous_rank"}


def test_salesforce_takes_times_with_milliseconds_and_an_offset_without_a_colon() -> None:
    rows = a_list(1, acknowledge_by="2026-12-31T23:59:00Z")
    told = read(export(rows, "salesforce", IMPORTERS.salesforce).files[0])
    assert told["Acknowledge_By__c"].tolist() == ["2026-12-31T23:59:00.000+0000"]
    empty = a_list(1, acknowledge_by="")
    assert read(export(empty, "salesforce", IMPORTERS.salesforce).files[0])[
        "Acknowledge_By__c"
    ].tolist() == [""]


def test_ids_that_differ_in_capitals_only_are_refused_where_they_are_the_same() -> None:
    rows = a_list(2).assign(account_id=["0015000000AbCdE", "0015000000ABCDE"])
    with pytest.raises(DataRefused, match="Export the 18-character ids"):
        export(rows, "salesforce", IMPORTERS.salesforce)
    assert len(export(rows, "hubspot", IMPORTERS.hubspot).files) == 1


def test_of_several_pairs_of_the_same_id_one_pair_is_named() -> None:
    rows = a_list(5).assign(account_id=["001aB", "001xY", "001q", "001AB", "001XY"])
    said = "4 ids differ in capitals only (001aB, 001AB), and there they are the same account"
    with pytest.raises(DataRefused, match=re.escape(said)):
        export(rows, "salesforce", IMPORTERS.salesforce)


def test_a_list_above_the_limit_on_rows_is_cut_into_files_that_hold_every_row_once() -> None:
    importer = Importer.model_validate({**IMPORTERS.salesforce.model_dump(), "rows_at_most": 4})
    rows = a_list(9, reason_2='one "line"\nand another')
    files = export(rows, "salesforce", importer).files
    parts = [read(file) for file in files]
    assert [len(part) for part in parts] == [4, 4, 1]
    assert pd.concat(parts)["Escalation_Rank__c"].tolist() == [str(n) for n in range(1, 10)]


def test_a_list_above_the_limit_on_bytes_is_cut_too_and_never_inside_a_cell() -> None:
    importer = Importer.model_validate(
        {**IMPORTERS.gainsight.model_dump(), "megabytes_at_most": 0.001}
    )
    rows = a_list(9, reason_2='one "line"\nand another,\r\nand a third')
    files = export(rows, "gainsight", importer).files
    assert len(files) > 1
    assert max(map(len, files)) < 1000
    told = pd.concat([read(file) for file in files])
    assert told["Escalation Rank"].tolist() == [str(n) for n in range(1, 10)]
    assert set(told["Escalation Reason 2"]) == set(read(as_csv(rows))["reason_2"])


@pytest.mark.parametrize("target", TARGETS)
def test_a_lone_carriage_return_tears_no_record(target: Target) -> None:
    rows = a_list(2, reason_1="Acme\r=1+1")
    (file,) = export(rows, target, IMPORTERS.of(target)).files
    told = list(csv.reader(io.StringIO(file.decode(), newline="")))
    assert [len(record) for record in told] == [len(told[0])] * 3
    assert all("Acme\r=1+1" in record for record in told[1:])


def test_cells_that_are_too_long_are_cut_and_counted_and_empty_figures_are_named() -> None:
    rows = a_list(2, reason_1="y" * 40_000, arr_at_risk=pd.NA)
    made = export(rows, "salesforce", IMPORTERS.salesforce)
    told = read(made.files[0])
    assert set(told["Escalation_Reason_1__c"].str.len()) == {32_000}
    assert made.notes == (
        "salesforce: 2 cells of reason_1 cut short",
        "salesforce: 2 cells of arr_at_risk are empty, and may overwrite what is there",
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "    rank: Escalation_Rank__c",
            "    rnk: Rank__c",
            "no column 'rnk'. Did you mean 'rank'?",
        ),
        ("    rank: Escalation_Rank__c", "    rank: Escalation_as_of__C", "is there twice"),
        ("    account_id: Account_External_Id__c\n", "", "'account_id' is missing"),
    ],
)
def test_mistakes_in_the_file_are_answered_with_place_and_remedy(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    for part in ("features", "models", "pipelines"):
        shutil.copytree(default_folder() / part, tmp_path / part)
    file = tmp_path / "pipelines" / "importers.yaml"
    text = file.read_text()
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigError) as mistake:
        load_settings(tmp_path)
    assert said in str(mistake.value)
    assert "pipelines/importers.yaml:" in str(mistake.value)


def escalated(account_id: str, severity: str, rule: str) -> dict[str, object]:
    """Return a row of the escalated list."""
    row = dict.fromkeys(ESCALATED_COLUMNS, "x")
    return row | {"account_id": account_id, "suggested_severity": severity, "rules_fired": rule}


@pytest.mark.parametrize("target", TARGETS)
def test_of_who_is_on_the_list_no_more_a_figure_is_empty_and_no_word(
    target: Target, tmp_path: Path
) -> None:
    already = pd.DataFrame([escalated("burning", "SEV-2", "outage")])
    run = {"notes": [], "left_since_last": {"not_a_customer": ["gone"]}}
    for rows in (a_list(2), a_list(0)):
        _, files = with_export(Watchlist(rows, already, run), tmp_path / "l.csv", target, IMPORTERS)
        told = read(*files.values())
        called = IMPORTERS.of(target).columns
        others = told[told[called["state"]].isin(["escalated", "off-list"])]
        assert others[called["account_id"]].tolist() == ["burning", "gone"]
        for figure in ("rank", "escalation_probability", "escalation_tier", "data_coverage"):
            assert others[called[figure]].tolist() == ["", ""]
        assert "nan" not in told.to_string().lower()


def test_an_account_with_several_escalations_is_told_by_the_worst(tmp_path: Path) -> None:
    open_ones = [
        escalated("two", "SEV-3", "old"),
        escalated("one", "SEV-4", "minor"),
        escalated("two", "SEV-1", "worst"),
    ]
    watchlist = Watchlist(a_list(1), pd.DataFrame(open_ones), {"notes": []})
    rows = unlisted(watchlist).set_index("account_id")
    assert rows["suggested_severity"].to_dict() == {"one": "SEV-4", "two": "SEV-1"}
    assert rows["rules_fired"].to_dict() == {"one": "minor", "two": "worst"}


def test_numbered_files_of_an_earlier_list_are_not_left_to_be_imported_with_this_one(
    tmp_path: Path,
) -> None:
    listed = Watchlist(a_list(2), pd.DataFrame(), {"notes": ["before"]})
    out = tmp_path / "list.csv"
    told, files = with_export(listed, out, "hubspot", IMPORTERS)
    assert [path.name for path in files] == ["list.hubspot.csv"]
    assert told.run["notes"] == ["before"]
    (tmp_path / "list.hubspot.2.csv").write_text("of a longer list")
    (tmp_path / "list.hubspot.notes.csv").write_text("somebody's own")
    with pytest.raises(UsageError, match=r"list\.hubspot\.2\.csv is of an earlier list"):
        with_export(listed, out, "hubspot", IMPORTERS)
    assert with_export(listed, out, None, IMPORTERS) == (listed, {})


@pytest.mark.slow
def test_scoring_for_a_tool_leaves_the_list_as_it_is_and_hashes_the_file_too(
    command: Command, tmp_path: Path
) -> None:
    rows = [account("one", name="One"), account("two", name="Two")]
    tickets = [*desk("one"), *(ticket(n, "two", moment(3, n)) for n in range(6))]
    data = write_tables(tmp_path / "data", accounts=rows, tickets=tickets)
    asked = ("--model", "rules", "--as-of", day(0))
    listed = command.score(data, *asked, "--for", "hubspot")
    told = read((tmp_path / "list.hubspot.csv").read_bytes())
    assert told["account_id"].tolist() == listed.rows["account_id"].tolist()
    assert told["escalation_rank"].tolist() == listed.rows["rank"].tolist()
    assert set(json.loads((tmp_path / "list.run.json").read_text())["sha256"]) == {
        "list.csv", "list.escalated.csv", "list.hubspot.csv",
    }  # fmt: skip
    wrong = command("score", "--data", data, "--for", "pipedrive", "--out", "x.csv")
    assert wrong.code == 2
    assert "choose one of salesforce, hubspot, gainsight" in wrong.err
