"""fightchurn's listings, run in the Python where it is installed: with_fightchurn.py GIVEN FOUND.

Its schema in PostgreSQL (CHURN_AT host:port, CHURN_WORD the password of `postgres`), events and
subscriptions loaded, metrics by its SQL (chapters 3 and 7), a row an observation as in its listing
4.5, then its preparation (scores, groups of metrics), its L1 regression with C by its
cross-validation, and its XGBoost by its grid search (chapters 8 and 9). What the book leaves to
its reader is which metrics there are: METRICS says. Observations are the given days and labels in
place of subscriptions that end, which is what the book predicts.

Its *days since an event* counts events of the metric's own day, that is of the future of a
snapshot at midnight: it is measured for the day before, and stands one day later.
"""

import io
import json
import os
import pickle
import sys
import time
import warnings
from contextlib import redirect_stdout
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import psycopg2
from fightchurn.churnsim.churndb import setup_churn_db
from fightchurn.run_churn_listing import set_churn_environment, sql_listing
from sklearn.base import clone

SCHEMA = "company"
WITHOUT_EVENTS = ("contract",)  # its subscriptions have it
# Sums a month (listing 3.18) of every number, counts (3.3) of every kind of event, and:
RATIOS = {  # 7.1
    "key_actions_per_action": ("sum_key_actions", "sum_actions"),
    "actions_per_login": ("sum_actions", "sum_logins"),
    "urgent_share": ("sum_urgent", "count_ticket"),
    "late_share": ("sum_late", "count_resolved"),
    "hours_per_resolved": ("sum_hours", "count_resolved"),
    "csat_of_tickets": ("sum_csat_ticket", "count_rated"),
    "score_of_health": ("sum_health_score", "count_health"),
    "nps_per_answer": ("sum_nps", "count_answer"),
    "answers_per_asked": ("count_answer", "count_asked"),
    "not_held_share": ("sum_not_held", "count_meeting"),
    "words_per_received": ("sum_words", "count_received"),
    "done_per_task": ("count_task_done", "count_task"),
}
CHANGES = (  # 7.4, against four weeks before
    "sum_active_users",
    "sum_logins",
    "sum_actions",
    "sum_key_actions",
    "count_ticket",
    "count_received",
    "score_of_health",
)
SINCE = ("ticket", "received", "sent", "answer", "meeting", "incident", "escalation")  # 7.6
LONGER = ("ticket", "incident", "escalation", "received", "change")  # 7.7: 28 days of 84


def main(given, found):
    plan = json.loads((given / "plan.json").read_text())
    found = found.resolve()
    set_churn_environment(
        "postgres", "postgres", os.environ["CHURN_WORD"], str(found), os.environ["CHURN_AT"]
    )
    host, port = os.environ["CHURN_AT"].split(":")
    began = time.process_time()
    connection = psycopg2.connect(
        host=host, port=port, user="postgres", password=os.environ["CHURN_WORD"], dbname="postgres"
    )
    connection.autocommit = True
    days = load(connection, given, plan)
    metrics = measure(connection, plan["events"], days)
    observed = observations(connection, metrics)
    seconds = {"features": time.process_time() - began}
    for cut in range(plan["cuts"]):
        train = pd.read_csv(given / f"train_{cut}.csv", parse_dates=["day"])
        test = pd.read_csv(given / f"test_{cut}.csv", parse_dates=["day"])
        scores = scored(found / f"cut_{cut}", observed, train, test, seconds)
        scores.to_csv(found / f"scores_{cut}.csv", index=False)
    report = {
        "version": version("fightchurn"),
        "cuts": plan["cuts"],
        "features": len(metrics),
        "seconds": seconds,
        "whole": time.process_time(),
        "peak_gb": peak_gb(),
    }
    (found / "report.json").write_text(json.dumps(report))


def load(connection, given, plan):
    """Fill its schema; return the first and the last day. Events are kept as plan["events"]."""
    setup_churn_db(SCHEMA)
    cursor = connection.cursor()
    cursor.execute(f"set search_path = '{SCHEMA}'")
    cursor.execute("select indexname, indexdef from pg_indexes where tablename = 'event'")
    indexes = cursor.fetchall()
    for name, _ in indexes:
        cursor.execute(f"drop index {name}")
    plan["events"] = {}
    for table in plan["tables"]:
        if table in WITHOUT_EVENTS:
            continue
        rows = pd.read_csv(given / f"{table}.csv")
        kinds = {f"count_{table}": rows[["account", "time"]].assign(value=1.0)}
        for column in rows.columns.drop(["account", "time"]):
            kinds[f"sum_{column}"] = rows[["account", "time", column]].dropna()
        for metric, events in kinds.items():
            kind = len(plan["events"])
            plan["events"][metric] = kind
            cursor.execute("insert into event_type values (%s, %s)", (kind, f"of_{metric}"))
            whole = events.set_axis(["account_id", "event_time", "event_value"], axis=1)
            copy(cursor, "event", whole.assign(event_type_id=kind))
    for _, definition in indexes:
        cursor.execute(definition)
    copy(cursor, "subscription", subscriptions(given))
    parts = [
        pd.read_csv(given / f"{part}_{cut}.csv")[["account", "day"]]
        for cut in range(plan["cuts"])
        for part in ("train", "test")
    ]
    seen = pd.concat(parts).drop_duplicates().set_axis(["account_id", "observation_date"], axis=1)
    copy(cursor, "observation", seen)
    cursor.execute("analyze")
    return seen["observation_date"].min(), seen["observation_date"].max()


def subscriptions(given):
    """Return each version of an account as a subscription until the next one."""
    known = pd.read_csv(given / "accounts.csv").sort_values(["account", "valid_from"])
    return pd.DataFrame(
        {
            "account_id": known["account"],
            "product": known["plan"].fillna("none"),
            "start_date": known["valid_from"],
            "end_date": known.groupby("account")["valid_from"].shift(-1),
            "mrr": known["arr"].fillna(0) / 12,
            "bill_period_months": 12,
        }
    )


def copy(cursor, table, rows):
    text = io.StringIO()
    rows.to_csv(text, index=False, header=False)
    text.seek(0)
    cursor.copy_expert(f"copy {table} ({', '.join(rows.columns)}) from stdin csv", text)


def measure(connection, events, days):
    """Insert every metric by its listings; return their names by id."""
    names = {}

    def insert(chapter, listing, name, metric, insertion=False, between=days, **bound):
        number = names.setdefault(metric, len(names))
        values = {f"%{key}": value for key, value in bound.items()}
        values |= {"%new_metric_id": number, "%new_metric_name": metric}
        values |= {"%from_yyyy-mm-dd": between[0], "%to_yyyy-mm-dd": between[1]}
        sql_listing(chapter, listing, name, SCHEMA, "run", values, insert=insertion)

    def named(metric):
        sql_listing(
            3,
            4,
            "metric_name_insert",
            SCHEMA,
            "run",
            {"%new_metric_id": names[metric], "%new_metric_name": metric},
        )

    for metric in events:
        kind = {"event2measure": f"of_{metric}"}
        if metric.startswith("count_"):
            insert(3, 3, "count_metric_insert", metric, **kind)
        else:
            insert(3, 18, "sum_metric_insert", metric, field2sum="event_value", **kind)
        named(metric)
    insert(3, 13, "account_tenure_insert", "account_tenure")
    insert(3, 17, "mrr_insert", "mrr")
    for metric, (over, under) in RATIOS.items():
        insert(7, 1, "ratio_metric", metric, True, num_metric=over, den_metric=under)
    for source in CHANGES:
        change = {"metric2measure": source, "period_weeks": 4}
        insert(7, 4, "percent_change_metric", f"change_{source}", True, **change)
    for event in LONGER:
        kind = {"event2measure": f"of_count_{event}", "obs_period": 84, "desc_period": 28}
        insert(7, 7, "scaled_events_per_month", f"longer_{event}", True, **kind)
    before = [str((pd.Timestamp(day) - pd.Timedelta(days=1)).date()) for day in days]
    for event in SINCE:
        kind = {"event2measure": f"of_count_{event}"}
        insert(7, 6, "days_since_event", f"since_{event}", True, before, **kind)
        connection.cursor().execute(
            f"update {SCHEMA}.metric set metric_time = metric_time + interval '1 day' "
            "where metric_name_id = %s",
            (names[f"since_{event}"],),
        )
    return names


def observations(connection, metrics):
    """Return a row an observation with every metric, in the words of its listing 4.5."""
    sums = ", ".join(
        f"sum(case when metric_name_id={number} then metric_value else 0 end) as {name}"
        for name, number in metrics.items()
    )
    text = io.StringIO()
    connection.cursor().copy_expert(
        f"copy (select m.account_id, o.observation_date, {sums} from {SCHEMA}.metric m "
        f"inner join {SCHEMA}.observation o on m.account_id = o.account_id "
        "and m.metric_time > (o.observation_date - interval '7 day')::timestamp "
        "and m.metric_time <= o.observation_date::timestamp "
        "group by m.account_id, metric_time, observation_date "
        "order by observation_date, m.account_id) to stdout csv header",
        text,
    )
    text.seek(0)
    return pd.read_csv(text, parse_dates=["observation_date"])


def scored(folder, observed, train, test, seconds):
    """Return what its regression and its XGBoost say of the rows of ``test``."""
    folder.mkdir()
    path = str(folder / "dataset.csv")
    keys = ["account_id", "observation_date"]
    train, test = (
        part.rename(columns={"account": keys[0], "day": keys[1]}) for part in (train, test)
    )
    known = train.merge(observed, on=keys).rename(columns={"y": "is_churn"})
    known = known.assign(is_churn=known["is_churn"].astype(bool)).sort_values(keys[::-1])
    still = [name for name in known.columns[3:] if known[name].nunique() < 2]
    known.drop(columns=still).to_csv(path, index=False)
    later = test.merge(observed, on=keys).drop(columns=still)
    later.to_csv(path.replace(".csv", "_current.csv"), index=False)
    began = time.process_time()
    regress(path)
    regression = pd.read_csv(path.replace(".csv", "_current_predictions.csv"))
    seconds["regression"] = seconds.get("regression", 0.0) + time.process_time() - began
    began = time.process_time()
    boost(path, folder.parent / "xgb_model.pkl")
    listing(9, 7, "churn_forecast_xgb")(path)
    boosted = pd.read_csv(path.replace(".csv", "_current_xgb_predictions.csv"))
    seconds["XGBoost"] = seconds.get("XGBoost", 0.0) + time.process_time() - began
    return pd.DataFrame(
        {
            "account": later["account_id"],
            "day": later["observation_date"].dt.date,
            "regression": regression["churn_prob"],
            "XGBoost": boosted["churn_prob"],
        }
    )


def regress(path):
    """Prepare, choose C by its cross-validation (AUC), fit, and forecast."""
    listing(8, 1, "prepare_data")(path, group_corr_thresh=0.65)
    listing(9, 5, "crossvalidate")(path, n_test_split=2)
    tried = pd.read_csv(path.replace(".csv", "_crossval.csv"))
    c = float(tried.loc[tried["mean_test_AUC"].idxmax(), "param_C"])
    listing(9, 4, "regression_cparam")(path, C_param=c)
    listing(8, 4, "rescore_metrics")(path)
    listing(8, 5, "churn_forecast")(path, model_name=f"logreg_model_c{c:.3f}")


def boost(path, searched):
    """Search its grid of 256 settings at the first cut; later ones keep what that chose."""
    here = Path(path.replace(".csv", "_xgb_model.pkl"))
    if not searched.exists():
        listing(9, 6, "crossvalidate_xgb")(path, n_test_split=2)
        searched.write_bytes(here.read_bytes())
        return
    X, y = listing(8, 2, "logistic_regression", "prepare_data")(path, ext="", as_retention=False)
    here.write_bytes(pickle.dumps(clone(pickle.loads(searched.read_bytes())).fit(X, y)))


def listing(chapter, number, name, function=None):
    module = import_module(f"fightchurn.listings.chap{chapter}.listing_{chapter}_{number}_{name}")
    return getattr(module, function or name)


def peak_gb():
    """Return the most memory of this process; getrusage would count that of who started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 2**20


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with redirect_stdout(io.StringIO()):
        main(*map(Path, sys.argv[1:3]))
