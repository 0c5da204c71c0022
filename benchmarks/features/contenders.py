"""Who is measured, each in a process of its own: seconds, processor seconds and peak memory.

    python -m features.contenders NAME FOLDER WEEKS

prints one line of JSON and leaves what was computed in ``FOLDER/NAME.parquet``.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features import LAST_DAY, rivals

if TYPE_CHECKING:
    import duckdb

ROOT = Path(__file__).parents[2]
DATABASE = "company.duckdb"


def run(name: str, folder: Path, weeks: int) -> dict[str, Any]:
    """Compute features and return what it took; the result is written after the clock stopped."""
    if name.startswith("with_"):
        days = [LAST_DAY - 7 * week for week in range(weeks)]
        made, took = _clocked(lambda: getattr(rivals, name)(folder, days), times=1)
        made.to_parquet(folder / f"{name}.parquet", index=False)
        return took
    connection = _opened(folder, weeks)
    _shipped()
    result = folder / f"{name}_{weeks}.parquet"
    if name == "scan":
        return _clocked(lambda: _scan(connection, folder), times=3)[1]
    compute = COMPUTE.get(name)
    if compute is None:
        _, took = _clocked(lambda: _joins(connection, weeks, is_bounded=name == "join"), times=1)
        return took
    times = 3 if weeks == 1 else 1
    table, took = _clocked(lambda: compute(connection, weeks), times)
    if name == "catalogue":
        # Nobody else has these, so nobody compares them.
        return {**took, "features": _told(connection, table)}
    connection.execute(f"COPY (FROM {table}) TO '{result}' (FORMAT parquet)")
    columns = set(connection.table(table).columns) - {"row", "account_id", "as_of"}
    return {**took, "features": len(columns)}


def make_database(folder: Path) -> None:
    """Make the typed tables of a folder, in a DuckDB file."""
    import duckdb

    from features.made_up import typed

    with duckdb.connect(str(folder / DATABASE)) as connection:
        typed(connection, folder)


def _opened(folder: Path, weeks: int) -> duckdb.DuckDBPyConnection:
    import duckdb

    config = {"memory_limit": "5GB", "temp_directory": str(folder / "spill"), "threads": "2"}
    connection = duckdb.connect(str(folder / DATABASE), read_only=True, config=config)
    connection.execute(
        f"CREATE TEMP TABLE asked AS SELECT account_id, ({LAST_DAY} - 7 * week)::BIGINT AS as_of "
        f"FROM accounts, range({weeks}) AS t(week) ORDER BY as_of, account_id"
    )
    return connection


def _clocked(work: Callable[[], Any], times: int) -> tuple[Any, dict[str, Any]]:
    """Do the work some times; the best counts."""
    best: dict[str, Any] = {}
    made = None
    for _ in range(times):
        before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        made = work()
        seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        if not best or seconds < best["seconds"]:
            best = {"seconds": seconds, "cpu": cpu}
    best["gigabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return made, best


def _ours(connection: duckdb.DuckDBPyConnection, weeks: int, names: set[str] | None = None) -> str:
    from features import by_hand
    from features.made_up import PRESENT
    from risk_model.engines.duckdb import DuckDBEngine
    from risk_model.features.build import feature_frame

    catalogue = _shipped()
    connection.execute("DROP TABLE IF EXISTS ours")
    names = names or set(by_hand.NAMES)
    if missing := names - set(catalogue.names):
        raise SystemExit(f"no longer in the catalogue: {', '.join(sorted(missing))}")
    engine = DuckDBEngine(connection)
    present = {name: frozenset(columns) for name, columns in PRESENT.items()}
    asked = connection.execute("SELECT account_id, as_of FROM asked").df()
    heard = {"messages": engine.table("heard")}
    frame = feature_frame(engine, present, asked, catalogue.only(names), heard)
    connection.execute(f"CREATE TEMP TABLE ours AS {frame.to_native().sql_query()}")
    engine.close()
    return "ours"


@cache
def _shipped() -> Any:
    """Return the catalogue; reading it is none of the time from open tables to features."""
    from risk_model.catalogue import load_catalogue
    from risk_model.features.sources import source_columns

    return load_catalogue(ROOT / "features", source_columns())


def _ours_usage(connection: duckdb.DuckDBPyConnection, weeks: int) -> str:
    return _ours(connection, weeks, set(rivals.NAMES))


def _catalogue(connection: duckdb.DuckDBPyConnection, weeks: int) -> str:
    """Measure every feature of the catalogue."""
    return _ours(connection, weeks, set(_shipped().names))


def _told(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """Return how many features have a value anywhere: of tables that are not there none has."""
    counts = connection.execute(f"SELECT count(COLUMNS(*)) FROM {table}").fetchone() or ()
    return sum(count > 0 for count in counts) - len(("row", "account_id", "as_of"))


def _by_hand(connection: duckdb.DuckDBPyConnection, weeks: int) -> str:
    from features import by_hand

    if weeks == 1:
        statements = [f"CREATE TEMP TABLE by_hand AS {by_hand.one_day(LAST_DAY, 'asked')}"]
    else:
        statements = by_hand.weekly(LAST_DAY, weeks, "asked")
    for statement in statements:
        made = statement.split("CREATE TEMP TABLE ", 1)[1].split()[0]
        connection.execute(f"DROP TABLE IF EXISTS {made}")
    for statement in statements:
        connection.execute(statement)
    return "by_hand"


def _range_join(connection: duckdb.DuckDBPyConnection, weeks: int) -> str:
    """Join all snapshots at once with the usage that each of them sees: events times snapshots."""
    from features import by_hand

    connection.execute("DROP TABLE IF EXISTS range_join")
    connection.execute(f"CREATE TEMP TABLE range_join AS {by_hand.range_join(rivals.NAMES)}")
    return "range_join"


COMPUTE = {
    "ours": _ours,
    "ours_usage": _ours_usage,
    "catalogue": _catalogue,
    "by_hand": _by_hand,
    "range_join": _range_join,
}


def _joins(connection: duckdb.DuckDBPyConnection, weeks: int, *, is_bounded: bool) -> None:
    from features import by_hand

    for week in range(weeks):
        day = LAST_DAY - 7 * week
        rows = by_hand.joined_rows(day, "asked", is_bounded)
        one = by_hand.one_day(day, "asked", rows)
        into = "INSERT INTO joined" if week else "CREATE TEMP TABLE joined AS"
        connection.execute(f"{into} {one}")


def _scan(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Read every cell that the features need once from Parquet, and do next to nothing.

    A plain ``max`` would be answered from the files' statistics.
    """
    from features.made_up import PRESENT
    from risk_model.text import SIGNALS

    columns = {name: PRESENT[name] for name in ("usage", "tickets", "messages")}
    columns["heard"] = ("message_id", *SIGNALS)
    for name, read in columns.items():
        cells = ", ".join(f'"{column}"' for column in read)
        query = f"SELECT bit_xor(hash({cells})) FROM read_parquet('{folder / name}.parquet')"
        connection.execute(query).fetchall()


def differing(folder: Path, ours: str, theirs: str, connection: Any) -> list[str]:
    """Return the features of two results whose values are not the same to 1e-9.

    And how many snapshots are in one of them only; where there is nothing to tell of an account
    (0 or unknown throughout), others may leave it out.
    """
    read = "read_parquet('{}')".format
    here, there = read(folder / f"{ours}.parquet"), read(folder / f"{theirs}.parquet")
    names = [row[0] for row in connection.execute(f"DESCRIBE FROM {there}").fetchall()]
    names = [name for name in names if name not in ("account_id", "as_of", "row")]
    tests = ", ".join(
        f"""count(*) FILTER (NOT coalesce(abs(h."{name}" - t."{name}")
            <= 1e-9 * (1 + abs(h."{name}")), h."{name}" IS NULL AND t."{name}" IS NULL))"""
        for name in names
    )
    cast = ", ".join(f'nullif("{name}"::DOUBLE, \'NaN\'::DOUBLE) AS "{name}"' for name in names)
    keys = "h.account_id = t.account_id AND h.as_of = t.as_of"
    counts = connection.execute(
        f"""SELECT count(*), {tests} FROM {here} AS h
            JOIN (SELECT account_id, as_of::BIGINT AS as_of, {cast} FROM {there}) AS t ON {keys}"""
    ).fetchone()
    says = " OR ".join(f'coalesce(h."{name}", 0) <> 0' for name in names)
    apart = connection.execute(
        f"""SELECT (SELECT count(*) FROM {here} AS h ANTI JOIN {there} AS t ON {keys}
                    WHERE {says}),
                   (SELECT count(*) FROM {there})
                   - (SELECT count(*) FROM {here} AS h SEMI JOIN {there} AS t ON {keys})"""
    ).fetchone()
    told = [f"{apart[0]} snapshots are missing"] if apart[0] else []
    told += [f"{apart[1]} snapshots are there once more, or ours lacks them"] if apart[1] else []
    return told + [name for name, count in zip(names, counts[1:], strict=True) if count]


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))))
