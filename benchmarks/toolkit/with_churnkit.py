"""churnkit's own stages, run in the Python where it is installed: with_churnkit.py GIVEN FOUND.

Its notebooks aggregate each account once, up to its newest event, and carry those numbers to every
earlier day with one label an account, so that a past day would know its future. The stages behind
them take a day of reference, and that is how they are called here, once a day and on the events
before it: TimeWindowAggregator (bronze), TemporalFeatureEngineer, TemporalMerger (silver), label
encoding, the chi-squared selection with its rescue, scaling, and the three models of notebook 8,
with the settings of the notebooks. The windows reach as far as its own observation window for a
horizon of 30 days (180 days); imputing takes the medians of the days to learn from.
"""

import json
import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from customer_retention.core.compat import bulk_label_encode
from customer_retention.core.config.column_config import DatasetGranularity
from customer_retention.stages.features.feature_selector import run_chi_squared_rescue_selection
from customer_retention.stages.modeling import FeatureScaler, ScalerType
from customer_retention.stages.profiling.temporal_feature_engineer import (
    ReferenceMode,
    TemporalAggregationConfig,
    TemporalFeatureEngineer,
)
from customer_retention.stages.profiling.time_window_aggregator import TimeWindowAggregator
from customer_retention.stages.temporal import DatasetMergeInput, MergeConfig, TemporalMerger
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression

WINDOWS = ["7d", "30d", "90d", "180d"]
FUNCTIONS = ["sum", "mean", "max", "count"]
KEYS = ["entity_id", "as_of_date"]
LEAST_POSITIVE = 0.03  # of its notebook: the day that features are chosen on has at least so many


def main(given, found):
    plan = json.loads((given / "plan.json").read_text())
    parts = {
        (cut, part): pd.read_csv(given / f"{part}_{cut}.csv", parse_dates=["day"])
        for cut in range(plan["cuts"])
        for part in ("train", "test")
    }
    spine = pd.concat(parts.values())[["account", "day"]].drop_duplicates()
    spine = spine.rename(columns={"account": "entity_id", "day": "as_of_date"})
    seconds = {"features": time.process_time()}
    silver = silver_of(given, plan["tables"], spine)
    seconds["features"] = time.process_time() - seconds["features"]
    for cut in range(plan["cuts"]):
        train, test = (
            parts[cut, part].rename(columns={"account": "entity_id", "day": "as_of_date"})
            for part in ("train", "test")
        )
        scores = scored(train.merge(silver, on=KEYS), test.merge(silver, on=KEYS), seconds)
        scores.rename(columns={"entity_id": "account", "as_of_date": "day"}).to_csv(
            found / f"scores_{cut}.csv", index=False
        )
    report = {
        "version": version("churnkit"),
        "cuts": plan["cuts"],
        "features": silver.shape[1] - len(KEYS),
        "seconds": seconds,
        "whole": time.process_time(),
        "peak_gb": peak_gb(),
    }
    (found / "report.json").write_text(json.dumps(report))


def silver_of(given, tables, spine):
    """Return every snapshot with its features, joined by its merger."""
    days = sorted(spine["as_of_date"].unique())
    inputs = []
    for name in tables:
        events = pd.read_csv(given / f"{name}.csv", parse_dates=["time"])
        events = events.rename(columns={"account": "entity_id"}).sort_values("time")
        bronze = pd.concat([bronze_of(events, pd.Timestamp(day)) for day in days])
        inputs.append(DatasetMergeInput(name, bronze, DatasetGranularity.EVENT_LEVEL))
    accounts = pd.read_csv(given / "accounts.csv", parse_dates=["valid_from"])
    accounts = accounts.rename(columns={"account": "entity_id"}).drop(columns="contract_start")
    level = DatasetGranularity.ENTITY_LEVEL
    inputs.append(DatasetMergeInput("accounts", accounts, level, "valid_from"))
    merged, _ = TemporalMerger(MergeConfig()).merge_all(spine.reset_index(drop=True), inputs)
    texts = [c for c in merged if c not in KEYS and not pd.api.types.is_numeric_dtype(merged[c])]
    return bulk_label_encode(merged, texts)


def bronze_of(events, day):
    """Return the features of one table on one day, of events before it."""
    known = events[events["time"] < day]
    if known.empty:
        return pd.DataFrame(columns=KEYS)
    values = [column for column in known if column not in ("entity_id", "time")]
    windows = TimeWindowAggregator("entity_id", "time").aggregate(
        known,
        windows=WINDOWS,
        value_columns=values,
        agg_funcs=FUNCTIONS,
        reference_date=day,
        include_event_count=True,
        include_recency=True,
        include_tenure=True,
    )
    config = TemporalAggregationConfig(
        reference_mode=ReferenceMode.GLOBAL_DATE, global_reference_date=day
    )
    engineer = TemporalFeatureEngineer(config)
    lags = engineer.compute(known, "entity_id", "time", values[:10]).features_df
    twice = [column for column in lags if column in windows and column != "entity_id"]
    return (
        windows.drop(columns=twice).merge(lags, on="entity_id", how="left").assign(as_of_date=day)
    )


def scored(train, test, seconds):
    """Return what its three models say of the rows of ``test``, as notebook 8 fits them."""
    y = train["y"].to_numpy()
    columns = [column for column in train if column not in (*KEYS, "y")]
    finite = [
        part[columns].astype(float).replace([np.inf, -np.inf], np.nan) for part in (train, test)
    ]
    X, later = (part.fillna(finite[0].median()).fillna(0).astype("float32") for part in finite)
    varied = X.columns[X.std() > 0]
    began = time.process_time()
    kept = chosen(X[varied], train, y)
    seconds["features"] += time.process_time() - began
    X, later = X[kept], later[kept]
    scaling = FeatureScaler(scaler_type=ScalerType.STANDARD).fit_transform(X, later)
    scores = test[KEYS].copy()
    for name, model in models().items():
        began = time.process_time()
        scaled = name == "logistic regression"
        model.fit(scaling.X_train_scaled if scaled else X, y)
        scores[name] = model.predict_proba(scaling.X_test_scaled if scaled else later)[:, 1]
        seconds[name] = seconds.get(name, 0.0) + time.process_time() - began
    return scores


def chosen(X, train, y):
    """Return the features that its selection keeps."""
    whole = X.assign(y=y, entity_id=train["entity_id"], as_of_date=train["as_of_date"])
    result = run_chi_squared_rescue_selection(
        whole,
        target_column="y",
        entity_column="entity_id",
        time_column="as_of_date",
        # Where escalations are rarer than that, no day would do and it stops.
        min_positive_rate=min(LEAST_POSITIVE, y.mean() / 2),
    )
    return [column for column in X if column in set(result.selected_features)]


def models():
    """Return the models of notebook 8, on one core."""
    return {
        "logistic regression": LogisticRegression(
            max_iter=1000, random_state=42, class_weight="balanced"
        ),
        "random forest": RandomForestClassifier(
            n_estimators=100, random_state=42, class_weight="balanced"
        ),
        "gradient boosting": GradientBoostingClassifier(n_estimators=100, random_state=42),
    }


def peak_gb():
    """Return the most memory of this process; getrusage would count that of who started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 2**20


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(*map(Path, sys.argv[1:3]))
