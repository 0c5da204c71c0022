"""The page of a watchlist: safe against anything, small, and usable in a real browser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from command import Command
from conftest import Trained
from part_of_sample import first_accounts
from risk_model.page import Content, read_list, render
from risk_model.page.summary import load_rows, tiles
from risk_model.percent import percent
from risk_model.watchlist import COLUMNS, ESCALATED_COLUMNS, as_csv
from small_company import account, desk, write_tables

BROWSER = next(
    (
        path
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (path := shutil.which(name))
    ),
    None,
)
MARKUP = (
    "<img src=x onerror=\"document.title='run'\"></script><script>document.title='run'</script>"
)


def row(rank: int, **told: Any) -> dict[str, Any]:
    level = ("High", "Medium", "Low")[rank % 3]
    return {
        "rank": rank,
        "account_id": f"A{rank:05}",
        "account_name": f"Account {rank}",
        "segment": ("SMB", "Enterprise")[rank % 2],
        "csm": f"CSM {rank % 4}",
        "arr": 1000.0 * rank,
        "renewal_date": "2026-09-30",
        "as_of": "2026-06-29",
        "horizon_days": 30,
        "escalation_probability": round(1 / (rank + 1), 4),
        "risk_level": level,
        "suggested_severity": f"SEV-{1 + rank % 4}",
        "escalation_tier": 1 + rank % 4,
        "likely_cause": ("product", "support")[rank % 2],
        "reason_1": f"{rank} urgent tickets open",
        "reason_2": "Logins down 46% against the 4 weeks before",
        "reason_3": "NPS 3 on 2026-05-12",
        "rules_fired": "usage-drop;ticket-burst",
        "recommended_action": "Hold one call over all of their recent tickets",
        "acknowledge_by": "2026-06-29T01:00:00Z",
        "update_every_hours": 4,
        "owner_role": "CSM",
        "executive_sponsor": "no",
        "arr_at_risk": 10.0,
        "previous_rank": rank + 1 if rank % 5 else None,
        "change": "up" if rank % 5 else "new",
        "state": "at-risk",
        "waiting_on": "us",
        "recovery_stage": None,
        "data_coverage": 0.93,
        "model_version": "model/1",
        "run_id": "r",
        **told,
    }


def content(rows: list[dict[str, Any]], escalated: list[dict[str, Any]] | None = None) -> Content:
    run = {
        "as_of": "2026-06-29",
        "horizon_days": 30,
        "calibrated": True,
        "made_at": "2026-06-29T05:00:00Z",
        "scored_by": "model/1",
        "counts": {"escalated": len(escalated or [])},
        "notes": ["the newest event is 9 days old"],
        "tables": {
            "tickets": {
                "kept": 10,
                "refused": 1,
                "last_day": "2026-06-28",
                "age_days": 1,
                "stopped": False,
            }
        },
    }
    weeks = pd.DataFrame(
        [[float(n % 7) for n in range(26)]] * len(rows), index=[r["account_id"] for r in rows]
    )
    series = {"usage": weeks * 13, "tickets": weeks, "messages": weeks, "health": weeks + 50}
    already = pd.DataFrame(escalated or [], columns=list(ESCALATED_COLUMNS))
    return Content(pd.DataFrame(rows, columns=list(COLUMNS)), already, run, series)


nasty = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [MARKUP, "{{data}}", "{{rows}}", "</SCRIPT>", "<!--", "&lt;", "\u2028", "'\"`"]
    ),
)


@pytest.mark.slow
@settings(max_examples=40)
@given(nasty, nasty, nasty)
def test_nothing_in_the_data_becomes_markup(name: str, reason: str, csm: str) -> None:
    told = {"account_name": name, "reason_1": reason, "csm": csm, "segment": name}
    page = render(content([row(1, **told), row(2, csm="other", segment="other")]))
    plain = render(content([row(1), row(2, csm="other", segment="other")]))
    tags = re.compile(r"<\s*/?\s*[a-zA-Z!][^>]*>")

    def shape(text: str) -> list[str]:
        return [re.sub(r'="[^"]*"', "", tag) for tag in tags.findall(text)]

    assert shape(page) == shape(plain)
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    assert data["rows"][0]["account_name"] == name
    assert data["rows"][0]["reason_1"] == reason


def test_the_page_asks_for_nothing_and_runs_only_its_own_script() -> None:
    page = render(content([row(1)]))
    assert "default-src 'none'" in unescape(page)
    assert not re.search(r'(src|href)="(?!#)', page)
    assert "unsafe-inline" not in page


@pytest.mark.slow
def test_five_hundred_accounts_are_under_two_megabytes_and_more_are_cut_and_named() -> None:
    page = render(content([row(n) for n in range(1, 501)])).encode()
    assert len(page) < 2_000_000
    many = render(content([row(n) for n in range(1, 2_003)]))
    assert many.count("<tr data-row=") == 2_000
    assert "2 accounts further down stand in the CSV only" in many


def test_a_written_list_is_read_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    told = content([row(1, account_name="=cmd()", csm="NA"), row(2)])
    path.write_bytes(as_csv(told.ranked))
    (tmp_path / "list.escalated.csv").write_bytes(as_csv(told.escalated))
    (tmp_path / "list.run.json").write_text(json.dumps(told.run))
    back = read_list(path)
    assert back.rows()[0]["account_name"] == "=cmd()"
    assert back.rows()[0]["csm"] == "NA"
    assert back.rows()[0]["recovery_stage"] is None
    assert [r["account_id"] for r in back.rows()] == ["A00001", "A00002"]


def page_of(rows: list[dict[str, Any]], **more: Any) -> str:
    """Return the page of rows as text, its run changed by ``more``."""
    told = content(rows)
    return unescape(render(replace(told, run={**told.run, **more})))


def test_what_is_no_probability_is_not_called_one() -> None:
    told = page_of([row(1)], calibrated=False)
    assert "score × ARR, all accounts" in told
    assert "probability × ARR" not in told
    assert "probability × ARR, all accounts" in page_of([row(1)])


@pytest.mark.parametrize(
    ("calibrated", "said"), [(True, "12.3% within 30 days"), (False, "score 12.3%")]
)
def test_the_brief_to_copy_says_a_probability_or_a_score(calibrated: bool, said: str) -> None:
    """The script's own function, run where there is something to run it with."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on this machine")
    script = files("risk_model.page").joinpath("page.js").read_text()
    begin, end = script.index("  function briefOf"), script.index("  function card")
    helpers = script[script.index("  const percent") : script.index("  // What a search")]
    told = json.dumps(row(1, escalation_probability=0.123))
    asked = (
        f"const data = {{calibrated: {str(calibrated).lower()}, rows: [{told}]}};\n"
        f"{helpers}{script[begin:end]}console.log(briefOf(data.rows[0]))"
    )
    done = subprocess.run([node, "-e", asked], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(
        f"Account 1 (A00001), Medium risk, {said} as of 2026-06-29\nARR 1,000"
    )


def test_page_list_and_brief_round_every_probability_alike() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on this machine")
    script = files("risk_model.page").joinpath("page.js").read_text()
    helper = script[script.index("  const percent") : script.index("  const money")]
    every = "for (let n = 0; n <= 10000; n++) console.log(percent(Number((n / 1e4).toFixed(4))))"
    done = subprocess.run([node, "-e", helper + every], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [percent(n / 10_000) for n in range(10_001)]
    assert percent(0.5725) == "57.3%"
    assert percent(0.5605) == "56.1%"


def test_arr_that_nobody_knows_is_unknown_and_not_nothing() -> None:
    def tile(*arr: float | None) -> tuple[str, str, str]:
        rows = [row(3 * n, arr_at_risk=at, csm=f"C{n}") for n, at in enumerate(arr, 1)]
        return tiles(content(rows))[2]

    assert tile(None, None) == ("ARR at risk", "unknown", "no ARR is known")
    assert tile(10.0, None) == (
        "ARR at risk", "10", "probability × ARR, 1 of 2 accounts, whose ARR is known",
    )  # fmt: skip
    high = content([row(3, arr_at_risk=None, csm="A"), row(6, arr_at_risk=5.0, csm="B")])
    assert [said for *_, said in load_rows(high)] == [
        "1 at high risk, 5 ARR at risk", "1 at high risk, unknown ARR at risk",
    ]  # fmt: skip


def test_accounts_of_one_name_and_escalations_of_one_account_are_told_apart() -> None:
    already = [
        dict.fromkeys(ESCALATED_COLUMNS, "") | {"account_id": "A9", "escalation_id": name}
        for name in ("E1", "E2")
    ]
    told = render(content([row(1, account_name="Acme"), row(2, account_name="Acme")], already))
    table = told.split("<tbody")[1]
    for shown in ("A00001, CSM 1", "A00002, CSM 2"):
        assert f"<small>{shown}</small>" in table
    for shown in ("A9, E1", "A9, E2"):
        assert f"<small>{shown}</small>" in told


def test_a_list_on_which_no_rule_fires_makes_a_page(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    told = content([row(1, rules_fired="", likely_cause="", csm=""), row(2, rules_fired="")])
    path.write_bytes(as_csv(told.ranked))
    (tmp_path / "list.escalated.csv").write_bytes(as_csv(told.escalated))
    (tmp_path / "list.run.json").write_text(json.dumps(told.run))
    assert "Nothing is shared by three accounts or more." in render(read_list(path))


@pytest.mark.slow
def test_the_command_makes_the_page_from_the_files_of_a_run(
    trained: Trained, sample_folder: Path, tmp_path: Path
) -> None:
    run, data_folder = trained.command, first_accounts(sample_folder, tmp_path / "data", 40)
    done = run("score", "--data", data_folder, "--out", "list.csv", "--html", "at-once.html")
    assert done.code == 0, done.err
    later = run("report", "list.csv", "--out", "later.html")
    assert later.code == 0, later.err
    at_once, page = ((trained.folder / f"{n}.html").read_text() for n in ("at-once", "later"))
    assert at_once == page
    ranked = pd.read_csv(trained.folder / "list.csv", dtype=str)
    assert page.count("<tr data-row=") == len(ranked)
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    drawn = [set(row["series"]) for row in data["rows"]]
    assert {"usage", "tickets", "messages", "health"} in drawn
    assert set(data["rows"][0]["series"]) >= {"usage", "tickets", "messages"}
    usage = pd.read_csv(data_folder / "usage.csv.gz", dtype={"account_id": str})
    account = data["rows"][0]["account_id"]
    last = usage[(usage["account_id"] == account) & (usage["date"] >= "2026-06-22")]
    assert data["rows"][0]["series"]["usage"][-1] == pytest.approx(last["actions"].sum())


@pytest.mark.slow
def test_another_companys_tables_of_the_same_name_are_not_drawn(
    command: Command, tmp_path: Path
) -> None:
    def laid(folder: Path, number: int) -> Command:
        accounts, tickets = [account("one"), account("two")], desk("one", number)
        write_tables(folder / "data", accounts=accounts, tickets=tickets)
        return command.at(folder)

    ours, theirs = laid(tmp_path / "ours", 1), laid(tmp_path / "theirs", 500)
    ours.score(Path("data"), "--model", "rules")
    for path in ours.cwd.glob("list.*"):
        shutil.copy(path, theirs.cwd)

    def series(where: Command, *more: object) -> tuple[str, str, list[object]]:
        done = where("report", "list.csv", "--out", "page.html", *more)
        assert done.code == 0, done.err
        page = (where.cwd / "page.html").read_text()
        data = json.loads(page.split('id="data">')[1].split("</script>")[0])
        return done.said, page, [row["series"] for row in data["rows"] if row.get("series")]

    said, page, own = series(ours)
    assert own
    assert "was made" not in said
    said, _, drawn = series(theirs)
    assert drawn == []
    assert "are not those that the list was made of: the page has no weekly figures" in said
    assert "--data data if these are the same ones, exported again" in said
    said, page, drawn = series(theirs, "--data", "data")
    assert drawn
    for told in (said, page):
        assert "weekly figures are of data, which is not as it was when the list was made" in told
    over = ours("report", "list.csv", "--out", "list.run.json")
    assert over.code == 2
    assert "--out list.run.json: is one of the files that are read" in over.err


@pytest.mark.slow
def test_a_file_that_is_no_watchlist_is_refused_with_the_reason(
    trained: Trained, tmp_path: Path
) -> None:
    absent = trained.command("report", tmp_path / "no.csv", "--out", tmp_path / "x.html")
    assert absent.code == 2
    assert "no.csv is not there. Write the list with risk-model score." in absent.err
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    other = trained.command("report", tmp_path / "other.csv", "--out", tmp_path / "x.html")
    assert other.code == 2
    assert "has no column rank" in other.err
    assert not (tmp_path / "x.html").exists()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A real headless browser."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if BROWSER is None:
        pytest.skip("no Chromium on this machine")
    with playwright.sync_playwright() as started:
        chrome = started.chromium.launch(
            executable_path=BROWSER,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield chrome
        chrome.close()


@pytest.fixture
def page(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """The page of 60 accounts, one of them with markup for a name; complaints are collected."""
    rows = [row(n) for n in range(1, 61)]
    rows[4] |= {"account_name": MARKUP, "reason_1": MARKUP, "csm": MARKUP}
    path = tmp_path / "page.html"
    path.write_text(render(content(rows)), encoding="utf-8")
    tab = browser.new_page(viewport={"width": 1400, "height": 1000})
    tab.complaints, tab.asked = [], []
    tab.on("console", lambda m: tab.complaints.append(m.text) if m.type == "error" else None)
    tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
    tab.on("request", lambda request: tab.asked.append(request.url))
    tab.goto(path.as_uri())
    yield tab
    assert tab.complaints == []
    assert tab.asked == [path.as_uri()]
    tab.close()


def visible(page: Any) -> list[str]:
    return [
        line.get_attribute("data-row")
        for line in page.query_selector_all("#rows tr[data-row]")
        if line.is_visible()
    ]


@pytest.mark.slow
def test_a_row_opens_to_reasons_rules_clock_and_sparklines(page: Any) -> None:
    page.click("tr[data-row='0'] .open")
    detail = page.inner_text("tr.detail")
    for said in ("1 urgent tickets open", "usage-drop", "2026-06-29T01:00:00Z", "NPS 3"):
        assert said in detail
    assert len(page.query_selector_all("tr.detail svg")) == 4
    assert page.get_attribute("tr[data-row='0'] .open", "aria-expanded") == "true"
    page.keyboard.press("Escape")
    assert page.query_selector("tr.detail") is None


@pytest.mark.slow
def test_search_filters_and_sorting_do_what_they_say(page: Any) -> None:
    page.keyboard.press("/")
    page.keyboard.type("a00007")
    assert visible(page) == ["6"]
    assert page.inner_text("#count") == "1 of 60 accounts"
    page.fill("#search", "")
    page.select_option("[data-filter='risk_level']", "High")
    page.select_option("[data-filter='segment']", "SMB")
    wanted = [str(n - 1) for n in range(1, 61) if n % 3 == 0 and n % 2 == 0]
    assert visible(page) == wanted
    page.fill("#search", "nothing like it")
    assert page.is_visible("#none")
    page.click("#clear")
    page.get_by_text("60 accounts", exact=True).wait_for()
    page.click("[data-sort='arr']")
    assert visible(page)[:2] == ["0", "1"]
    page.click("[data-sort='arr']")
    assert visible(page)[:2] == ["59", "58"]
    assert page.get_attribute("th:has([data-sort='arr'])", "aria-sort") == "descending"


@pytest.mark.slow
def test_a_name_with_markup_is_shown_as_text_and_never_runs(page: Any) -> None:
    page.click("tr[data-row='4'] .open")
    assert MARKUP in page.inner_text("tr.detail")
    assert page.title() == "Watchlist as of 2026-06-29"
    assert page.query_selector("#rows img") is None


@pytest.mark.slow
def test_rows_are_reached_and_opened_by_keyboard_alone(page: Any) -> None:
    page.focus("tr[data-row='0'] .open")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.get_attribute("tr[data-row='1'] .open", "aria-expanded") == "true"
    names = page.eval_on_selector_all(
        "button, input, select, th[scope]",
        "all => all.filter(n => !(n.textContent.trim() || n.closest('label'))).length",
    )
    assert names <= 1


@pytest.mark.slow
def test_what_moved_and_the_load_are_told(page: Any) -> None:
    moved = page.inner_text("#moved")
    assert "New: 12" in moved
    assert "Up: 48" in moved
    assert "CSM 0" in page.inner_text(".bars")
    page.emulate_media(media="print")
    assert not page.is_visible("#filters")


@pytest.mark.slow
@pytest.mark.parametrize(("wide", "high"), [(1400, 1000), (820, 1100), (390, 800)])
def test_it_fits_every_width_and_a_picture_of_it_is_full_of_things(
    page: Any, tmp_path: Path, wide: int, high: int
) -> None:
    image = pytest.importorskip("PIL.Image")
    page.set_viewport_size({"width": wide, "height": high})
    page.click("tr[data-row='0'] .open")
    shot = tmp_path / "page.png"
    page.screenshot(path=shot)
    with image.open(shot) as picture:
        assert picture.size == (wide, high)
        assert len(picture.convert("RGB").getcolors(wide * high)) > 200
    too_wide = page.evaluate(
        "[...document.body.children].filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
        ".map(e => e.tagName + '.' + e.className)"
    )
    assert too_wide == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1")
