"""How long does scoring take, from exports to the written list, and how does it grow?

    python benchmarks/scoring.py                                10,000 to a million accounts
    python benchmarks/scoring.py --sizes 10000 30000 --plot docs/pictures/scoring.png

Per thousand accounts there are 250,000 rows of usage, 20,000 tickets and 10,000 messages, as
Parquet files, every message in words of its own. What the messages say is in the cache, as after a
week before. The command is run as a scheduled run would, with a champion trained on the sample
company; measured are its wall clock, its processor time and the most memory it held, the engine
and the processes that judge together.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path[:0] = [str(HERE), str(ROOT / "src")]

from bars import of_scoring, straightness  # noqa: E402 - it lies beside this file

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
Row = dict[str, Any]


def main() -> int:
    arguments = _arguments()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="risk-model-scoring-", dir=arguments.folder) as folder:
        home = Path(folder)
        champion = _champion(home)
        for accounts in arguments.sizes:
            data = exports(home / f"of-{accounts}", accounts)
            row = {"accounts": accounts, **measured(data, home, champion, arguments.memory)}
            rows.append(row)
            print(
                f"{accounts:9,} accounts {row['seconds']:7.1f} s {row['cpu']:7.1f} s of processor "
                f"{row['gigabytes']:5.2f} GB",
                flush=True,
            )
            shutil.rmtree(data)
    if arguments.out:
        from made import keep

        keep(arguments.out, rows)
    if arguments.plot:
        plot(rows, arguments.plot)
    if len(rows) > 1:
        straight, power = straightness(rows)
        print(f"time: R2 of a straight line {straight:.4f}, the last step by the power {power:.2f}")
    for bar in of_scoring(rows):
        print(f"{bar.name}: {' '.join(bar.told)}")
    return 0


def exports(folder: Path, accounts: int) -> Path:
    """Write a company's tables as somebody's exports would be, and fill the cache of texts."""
    import duckdb

    from features.made_up import write
    from risk_model.text import SIGNALS

    raw = folder / "raw"
    write(raw, accounts)
    moments = ("opened_at", "first_response_at", "resolved_at", "sla_due_at", "rated_at")
    day = "(DATE '1970-01-01' + {0}::INTEGER) AS {0}".format
    second = "make_timestamp(({0} * 1000000)::BIGINT) AS {0}".format
    words = (
        "'Order ' || n || ' of line ' || (hash(n) % 97) || ' came late again, '"
        " || 'please have a look at it when you can.'"
    )
    queries = {
        "accounts": f"SELECT * REPLACE ({day('contract_start')}) FROM accounts",
        "usage": f"SELECT * REPLACE ({day('date')}) FROM usage",
        "tickets": f"SELECT * EXCLUDE n REPLACE ({', '.join(map(second, moments))}) FROM tickets",
        "messages": f"SELECT * EXCLUDE n REPLACE ({second('sent_at')}, {words} AS text) "
        "FROM (SELECT *, substr(message_id, 2)::BIGINT AS n FROM messages)",
    }
    with duckdb.connect() as connection:
        for name in (*queries, "heard"):
            connection.execute(f"CREATE VIEW {name} AS FROM read_parquet('{raw / name}.parquet')")
        for name, query in queries.items():
            connection.execute(f"COPY ({query}) TO '{folder / name}.parquet' (FORMAT parquet)")
        signals = ", ".join(SIGNALS)
        heard = f"SELECT text, {signals} FROM ({queries['messages']}) JOIN heard USING (message_id)"
        _remember(connection.sql(heard), folder / "heard.sqlite")
    shutil.rmtree(raw)
    return folder


def _remember(heard: Any, cache: Path) -> None:
    """Put into the cache what the messages are made up to say, instead of hearing millions."""
    import numpy as np

    from risk_model.settings import load_settings
    from risk_model.text import SIGNALS
    from risk_model.text.batch import cache_at
    from risk_model.text.cache import digest_of

    known = cache_at(cache, load_settings(ROOT).lexicons)
    if known is None:
        raise SystemExit("no cache to fill")
    for batch in heard.to_arrow_reader(200_000):
        frame = batch.to_pandas()
        rows = frame[list(SIGNALS)].to_numpy(dtype=np.float64)
        known.keep({digest_of(text): row for text, row in zip(frame["text"], rows, strict=True)})


def _champion(home: Path) -> dict[str, str]:
    """Train on the sample company; return the environment in which its model is the champion."""
    environment = os.environ | {
        "MLFLOW_TRACKING_URI": f"sqlite:///{home / 'mlflow.db'}",
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONWARNINGS": "ignore",
        "OMP_WAIT_POLICY": "PASSIVE",
    }
    sample = ("--data", str(ROOT / "data" / "sample"), "--cache", str(home / "sample.sqlite"))
    _run(["train", *sample], home, environment)
    return environment


def measured(data: Path, home: Path, environment: dict[str, str], memory: str | None) -> Row:
    """Score once; return seconds, processor seconds, gigabytes and the rows that were written."""
    out = home / "watchlist.csv"
    command = ["score", "--data", str(data), "--cache", str(data / "heard.sqlite")]
    command += ["--out", str(out), "--top", "3", *(["--memory", memory] if memory else [])]
    took = _run(command, home, environment)
    run = json.loads((home / "watchlist.run.json").read_text(encoding="utf-8"))
    told = {"ranked": run["counts"]["ranked"], "by": run["scored_by"], "memory": memory}
    return {**took, **told}


def _run(arguments: list[str], home: Path, environment: dict[str, str]) -> Row:
    before, began = os.times(), time.perf_counter()
    with (home / "log.txt").open("w+", encoding="utf-8") as log:
        command = [sys.executable, "-m", "risk_model.cli", *arguments]
        running = subprocess.Popen(command, cwd=home, env=environment, stdout=log, stderr=log)
        peak = _Peak(running.pid)
        peak.start()
        code = running.wait()
        peak.join()
        if code:
            log.seek(0)
            raise SystemExit(f"risk-model {arguments[0]}: {log.read()[-2000:]}")
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user
    return {
        "seconds": time.perf_counter() - began,
        "cpu": cpu - before.children_system,
        "gigabytes": peak.kilobytes / 2**20,
    }


class _Peak(threading.Thread):
    """Looks how much memory a process and its children hold.

    Five times a second, or as often as looking takes a twentieth of the time: it grows with memory.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.kilobytes = pid, 0

    def run(self) -> None:
        while Path(f"/proc/{self.pid}/smaps_rollup").exists():
            began = time.perf_counter()
            held = sum(_held(pid) for pid in _family(self.pid))
            if not held:
                return
            self.kilobytes = max(self.kilobytes, held)
            time.sleep(max(0.2, 20 * (time.perf_counter() - began)))


def _held(pid: int) -> int:
    """Return kilobytes in memory, what processes share counted once (Pss)."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def _family(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        text = " ".join((task / "children").read_text(encoding="utf-8") for task in tasks)
    except OSError:
        return [pid]
    return [pid, *(one for child in text.split() for one in _family(int(child)))]


def plot(rows: list[Row], out: Path) -> None:
    """Draw time over accounts with the straight line that fits best, and memory."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    import numpy as np

    accounts = np.array([row["accounts"] for row in rows], dtype=float)
    figure, (time, memory) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    seconds = np.array([row["seconds"] for row in rows])
    slope, start = np.polyfit(accounts, seconds, 1)
    time.plot(accounts, start + slope * accounts, color="0.6", zorder=1)
    time.set(ylabel="seconds")
    straight, power = straightness(rows)
    told = f"{start:.0f} s and {slope * 1e5:.0f} s for each 100,000 accounts"
    time.set_title(f"{told}\nR² {straight:.4f}, last step by the power {power:.2f}", fontsize=10)
    gigabytes = np.array([row["gigabytes"] for row in rows])
    memory.plot(accounts, gigabytes, color="0.6", zorder=1)
    memory.set(ylabel="GB")
    held = rows[-1].get("memory")
    bound = f": the engine is held to {held}" if held else ""
    memory.set_title(f"at most {gigabytes.max():.1f} GB{bound}", fontsize=10)
    for axis, values in ((time, seconds), (memory, gigabytes)):
        axis.plot(accounts, values, "o", color="#0072B2")
        axis.set(xlabel="accounts", ylim=(0, None))
        axis.xaxis.set_major_formatter(lambda value, _: f"{value / 1000:,.0f}k")
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(out, dpi=110)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of accounts")
    parser.add_argument("--memory", help="hold the engine to so much, as 4GB")
    parser.add_argument("--folder", help="where the tables are made for the while")
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    parser.add_argument("--plot", type=Path, help="draw time and memory")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
