"""The catalogue documents itself: in words that hold, on a page that is up to date, and as SQL."""

from __future__ import annotations

import errno
import re
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from command import Command
from risk_model.catalogue import Catalogue, Feature, load_catalogue
from risk_model.catalogue.describing import Description, described
from risk_model.catalogue.page import Coverage, as_csv, as_markdown
from risk_model.cli.features import _show_sql
from risk_model.features.sources import source_columns
from risk_model.pipelines.describe import coverage_of
from risk_model.pipelines.line import Line
from risk_model.pipelines.statements import statements_on_data, statements_without_data
from risk_model.settings import Settings, load_settings
from risk_model.tables import tables_from_frames
from risk_model.timeline import date_of

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
SETTINGS = load_settings(ROOT)
CATALOGUE = SETTINGS.catalogue
AS_OF = 20_600


def words(**feature: object) -> Description:
    told = Feature.model_validate({"name": "it", "means": "it", "source": "messages", **feature})
    return described(Catalogue(features=(told,)))[0]


def small_settings(*names: str) -> Settings:
    return replace(SETTINGS, catalogue=CATALOGUE.only(set(names)))


def test_the_page_in_docs_is_what_the_command_makes_of_the_catalogue() -> None:
    page = (ROOT / "docs" / "features.md").read_text(encoding="utf-8")
    catalogue = load_catalogue(ROOT / "features", source_columns())
    assert page == as_markdown(described(catalogue)), "run `make docs` and commit the page"


def test_the_page_names_every_feature_once_in_the_order_of_the_catalogue() -> None:
    page = as_markdown(described(CATALOGUE))
    assert re.findall(r"^\| `([a-z0-9_]+)` \|", page, re.M) == CATALOGUE.names
    widths = {len(re.findall(r"(?<!\\)\|", line)) for line in page.splitlines() if "|" in line}
    assert len(widths) == 1, "a cell broke out of its column"


def test_every_feature_says_where_its_rows_come_from_and_no_cell_is_empty() -> None:
    for one in described(CATALOGUE):
        feature = CATALOGUE.by_name[one.name]
        assert one.sources, one.name
        assert all([one.means, one.made, one.window, one.unit]), one
        assert one.worse == ("" if feature.worse == "none" else feature.worse)
        assert "{}" not in one.made


@pytest.mark.parametrize(
    ("feature", "made", "window"),
    [
        ({"count": True, "window": "28d"}, "rows", "28 days before"),
        (
            {"mean": "sentiment", "window": "4w", "lag": 28, "where": {"direction": "inbound"}},
            "mean of sentiment, where direction is inbound",
            "days 29 to 56 before",
        ),
        (
            {"open": True, "interval": {"from": "sent_at", "until": "answered_at", "after": "48h"}},
            "rows open (from sent_at + 2 days until answered_at)",
            "open at the time",
        ),
        (
            {"oldest": True, "interval": {"from": "sent_at", "after": "-4h"}, "within": 30},
            "days since the first of the open rows began (from sent_at - 4 hours)",
            "open at the time, for at most 30 days",
        ),
        (
            {"since": True, "within": 182, "where": {"channel": ["call", "chat"]}},
            "days since the last row, where channel is call or chat",
            "182 days before",
        ),
        (
            {"ever": True, "where": {"words": {"above": 6, "at_most": 8}}},
            "rows so far, where words above 6 and at most 8",
            "all time",
        ),
        ({"latest": "sentiment", "lag": 7}, "sentiment of the last row", "until 7 days before"),
        (
            {"count": True, "window": 7, "where": {"words": {"known": False}}},
            "rows, where words is not known",
            "7 days before",
        ),
    ],
)
def test_a_feature_is_put_in_words(feature: dict[str, object], made: str, window: str) -> None:
    one = words(**feature)
    assert (one.made, one.window) == (made, window)


def test_what_is_made_of_others_reaches_as_far_as_they_do() -> None:
    told = {one.name: one for one in described(CATALOGUE)}
    assert told["actions_change"].window == "56 days before"
    assert told["usage_change"].sources == ("usage",)
    assert told["nps_change"].made == "nps less nps_quarter_ago"


def a_year_of_usage() -> pd.DataFrame:
    """One account that does as many actions and logins on a day as it lies days before AS_OF."""
    ago = range(1, 366)
    return pd.DataFrame(
        {
            "account_id": "A",
            "date": [date_of(AS_OF - day) for day in ago],
            "actions": [float(day) for day in ago],
            "logins": [float(day) for day in ago],
        }
    )


def test_the_window_in_words_is_the_window_that_is_computed() -> None:
    sums = [f.name for f in CATALOGUE.features if f.sum in ("actions", "logins") and not f.where]
    frames = {
        "accounts": pd.DataFrame({"account_id": ["A"], "contract_start": ["2020-01-01"]}),
        "usage": a_year_of_usage(),
    }
    with Line(tables_from_frames(frames), small_settings(*sums)) as line:
        measured = line.measure(line.snapshots([AS_OF]), line.settings.catalogue).iloc[0]
    told = {one.name: one.window for one in described(CATALOGUE)}
    assert len(sums) >= 10
    for name in sums:
        days = [int(day) for day in re.findall(r"\d+", told[name])]
        first, last = (1, *days) if len(days) == 1 else days
        assert measured[name] == sum(range(first, last + 1)), f"{name}: {told[name]}"


def test_coverage_is_the_share_of_customers_on_whom_a_feature_is_measured() -> None:
    seats = {"A": 5.0, "B": 5.0, "C": None, "D": None}
    usage = pd.concat(
        [a_year_of_usage().assign(account_id=name, seats=n) for name, n in seats.items()]
    )
    frames = {
        "accounts": pd.DataFrame({"account_id": list(seats), "contract_start": "2020-01-01"}),
        "usage": usage.drop(columns="logins"),
    }
    settings = small_settings("actions_7d", "seats", "tickets_7d", "logins_7d")
    with Line(tables_from_frames(frames), settings) as line:
        coverage = coverage_of(line, [AS_OF])
    assert coverage.shares == {"actions_7d": 1.0, "seats": 0.5, "tickets_7d": 0, "logins_7d": 0}
    assert coverage.what == f"4 customers on {date_of(AS_OF)}"
    page = as_markdown(described(settings.catalogue), coverage)
    assert re.search(r"^\| `seats` .* \| 50% \|$", page, re.M)
    assert re.search(r"^usage,seats,.*,50%$", as_csv(described(settings.catalogue), coverage), re.M)


def test_a_cell_with_a_bar_stays_one_cell() -> None:
    told = words(count=True, window=7, means="this | that *and* <b>")
    page = as_markdown([told], Coverage("nobody", {"it": 0.0}))
    assert r"this \| that \*and\* \<b>" in page


def test_the_sql_is_what_the_engine_parses_and_reads_the_tables_that_the_features_read() -> None:
    settings = small_settings("actions_28d", "open_urgent_tickets", "nps")
    script = statements_without_data(settings, [AS_OF])
    statements = duckdb.extract_statements(script)
    assert len(statements) > 5
    for table in ("usage", "tickets", "surveys"):
        assert f'FROM "{table}"' in script
    assert '"messages"' not in script
    assert all(f'"{name}"' in script for name in settings.catalogue.names)


def test_another_definition_is_another_sql() -> None:
    settings = small_settings("actions_28d")
    script = statements_without_data(settings, [AS_OF])
    changed = settings.catalogue.features[0].model_copy(update={"sum": "logins"})
    other = replace(settings, catalogue=Catalogue(features=(changed,)))
    assert script != statements_without_data(other, [AS_OF])
    assert script == statements_without_data(settings, [AS_OF]), "two runs read the same"


def test_sql_on_data_leaves_out_what_was_not_given_and_holds_no_data() -> None:
    frames = {
        "accounts": pd.DataFrame({"account_id": ["Zebra"], "contract_start": ["2020-01-01"]}),
        "usage": a_year_of_usage().assign(account_id="Zebra"),
    }
    settings = small_settings("actions_28d", "tickets_7d")
    with Line(tables_from_frames(frames), settings) as line:
        script = statements_on_data(line, [AS_OF])
    assert '"usage"' in script
    assert '"tickets"' not in script
    assert "Zebra" not in script
    assert "1 snapshots on" in script


def test_sql_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "new" / "features.sql"
    _show_sql(None, ROOT, [0], out)
    script = out.read_text(encoding="utf-8")
    assert script.endswith("\n") and "SELECT" in script

    def fail(self: Path, held: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(OSError, match="No space left"):
        _show_sql(None, ROOT, [0], out)
    assert out.read_text(encoding="utf-8") == script
    assert [path.name for path in out.parent.iterdir()] == ["features.sql"]


def test_describe_on_the_command_line(command: Command, sample_folder: Path) -> None:
    done = command("features", "--describe", "--config", ROOT, "--out", "page.md")
    assert done.code == 0, done.err
    page = (command.cwd / "page.md").read_text(encoding="utf-8")
    assert page == (ROOT / "docs" / "features.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--describe", "--sql"], "one at a time"),
        ([], "needs --data and --out"),
        (["--describe", "--out", "page.txt"], ".md or .csv"),
        (["--sql", "--out", "page.md"], "written as .sql"),
        (["--sql", "--out", "folder.sql"], "is a folder"),
    ],
)
def test_what_cannot_be_meant_is_said(command: Command, words: list[str], said: str) -> None:
    (command.cwd / "folder.sql").mkdir(exist_ok=True)
    done = command("features", *words)
    assert done.code == 2
    assert said in done.said
    assert "Traceback" not in done.err
