"""How severity was said in the past, as tables for the terminal."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table
from rich.text import Text

from risk_model.pipelines.severity_report import FACTS, LEARNED, SeverityReport


def severity_shown(report: SeverityReport) -> Group:
    """Return costs beside simple answers, the confusion of the one in use, and why it is."""
    style = "green" if report.used else "yellow"
    verdict = Text(f"Severity: {report.reason}", style=style)
    if not len(report.true):
        return Group(verdict)
    return Group(_costs(report), _confusion(report, LEARNED if report.used else FACTS), verdict)


def _costs(report: SeverityReport) -> Table:
    table = Table(
        title=f"Severity: {len(report.true)} escalations, each as the snapshot before it stood",
        title_justify="left",
        header_style="bold",
    )
    table.add_column("")
    for name in ("cost of one [95%]", "right", "within one"):
        table.add_column(name, justify="right")
    for way, grades in report.said.items():
        low, high = report.interval(way)
        off = abs(grades - report.true)
        table.add_row(
            way,
            f"{report.cost(way):.2f} [{low:.2f}, {high:.2f}]",
            f"{(off == 0).mean():.0%}",
            f"{(off <= 1).mean():.0%}",
        )
    return table


def _confusion(report: SeverityReport, way: str) -> Table:
    table = Table(
        title=f"What came (rows) and what {way} said (columns)",
        title_justify="left",
        header_style="bold",
    )
    for name in ("", "SEV-1", "SEV-2", "SEV-3", "SEV-4"):
        table.add_column(name, justify="right")
    for number, row in enumerate(report.confusion(way), start=1):
        table.add_row(f"SEV-{number}", *(str(cell) for cell in row))
    return table
