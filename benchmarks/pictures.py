"""Make the README's pictures anew: the page in a headless Chromium, and two figures.

python benchmarks/pictures.py out/watchlist.html
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

import risk_model as rm
from risk_model import plots

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
AS_OF = "2026-06-29"
CHROMES = ("chromium", "chromium-browser", "google-chrome")


def photograph(page: Path, to: Path) -> None:
    """Save what a person sees of a page with its second row opened."""
    chrome = next((found for name in CHROMES if (found := shutil.which(name))), None)
    if chrome is None:
        raise SystemExit("There is no Chromium on this machine. Install one, then run this again.")
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chrome, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1360, "height": 1000}, device_scale_factor=1)
        tab.goto(page.resolve().as_uri())
        tab.click("tr[data-row='1'] .open")
        tab.locator("#rows").scroll_into_view_if_needed()
        tab.evaluate("scrollTo(0, document.querySelector('#filters').offsetTop - 16)")
        tab.screenshot(path=to)
        browser.close()


def draw(to: Path) -> None:
    """Save the comparison and the planner of a backtest of the sample company."""
    with TemporaryDirectory() as work:
        cache = Path(work) / "texts.sqlite"
        with rm.open_tables(ROOT / "data" / "sample", cache=cache) as company:
            done = rm.backtest(company, AS_OF)
    figures = {
        "comparison": plots.comparison_figure(done),
        "planner": plots.planner_figure(done),
    }
    for name, figure in figures.items():
        figure.savefig(to / f"{name}.png", dpi=90, bbox_inches="tight")


def main() -> int:
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_file():
        print("Give the page of a list: risk-model report LIST.csv --out PAGE.html makes it.")
        return 2
    PICTURES.mkdir(parents=True, exist_ok=True)
    photograph(Path(sys.argv[1]), PICTURES / "page.png")
    draw(PICTURES)
    return 0


if __name__ == "__main__":
    sys.exit(main())
