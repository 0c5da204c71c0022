# Two commands do everything on a fresh machine: `make watchlist` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
RUN    := $(BIN)/risk-model
DEMO   := data/demo
OUT    := out

.DEFAULT_GOAL := help

help:  ## Show the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/.core: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.core
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,notebooks,spark]'
	@touch $@

install: $(VENV)/.core  ## Make the virtual environment with what scoring needs
dev: $(VENV)/.dev  ## … and with what developing, testing and the notebooks need

watchlist: $(VENV)/.core  ## Sample company, training, scoring, and the list on the screen
	$(RUN) sample $(DEMO) --accounts 160 --weeks 60 --seed 7
	$(RUN) check --data $(DEMO)
	$(RUN) train --data $(DEMO)
	$(RUN) score --data $(DEMO) --out $(OUT)/watchlist.csv

test: $(VENV)/.dev  ## Everything that CI runs: style, types, all tests, notebooks, docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 --dist worksteal

quick: $(VENV)/.dev  ## The tests that answer within a minute
	$(BIN)/ruff check .
	$(BIN)/python -m pytest -n 2 --dist worksteal -m 'not slow'

fuzz: $(VENV)/.dev  ## Damaged tables for ten minutes (RISK_MODEL_FUZZ_SECONDS, RISK_MODEL_FUZZ_SEED)
	RISK_MODEL_FUZZ_SECONDS=$${RISK_MODEL_FUZZ_SECONDS:-600} \
		$(BIN)/python -m pytest -q -s tests/test_ugly_fuzz.py

spark: $(VENV)/.dev  ## The tests on Spark at length: more days, more companies, a worker killed while scoring
	RISK_MODEL_AT_LENGTH=1 $(BIN)/python -m pytest -q tests/test_spark.py tests/test_engines.py

docs: $(VENV)/.dev  ## The pages that are made of the YAML (docs/coverage.md, docs/features.md); CI compares them
	$(BIN)/python tests/coverage_table.py
	$(RUN) features --describe --config . --out docs/features.md

hearing: $(VENV)/.dev  ## Teach the learned ear anew by the labelled messages; CI asks for it when they or a list change
	$(BIN)/python tests/teach_hearing.py

notebooks: $(VENV)/.dev  ## Run every notebook from top to bottom, and hold it to the rules
	$(BIN)/python -m pytest -q -n 2 --dist worksteal tests/test_notebooks.py

FIGURES := benchmarks/figures
TOOLKITS ?= # --churnkit PYTHON --fightchurn PYTHON: churn toolkits to compare with, each in a Python of its own
evaluate: $(VENV)/.dev  ## Every figure of the README's section on evaluation, from seeds (hours)
	-$(BIN)/python benchmarks/sample_company.py --seed 3 --out $(FIGURES)/sample_company.json
	-$(BIN)/python benchmarks/learning_curves.py --out $(FIGURES)/learning_curves.json
	-$(BIN)/python benchmarks/verdicts.py --out $(FIGURES)/verdicts.json
	-$(BIN)/python benchmarks/peers.py --out $(FIGURES)/peers.json
	-$(BIN)/python benchmarks/toolkits.py $(TOOLKITS) --out $(FIGURES)/toolkits.json
	-$(BIN)/python benchmarks/servicenow.py --out $(FIGURES)/servicenow.json
	-$(BIN)/python benchmarks/opslab.py --out $(FIGURES)/opslab.json
	-$(BIN)/python benchmarks/features.py --out $(FIGURES)/features.json
	-$(BIN)/python benchmarks/hearing.py --out $(FIGURES)/hearing.json
	-$(BIN)/python benchmarks/scoring.py --memory 4GB --out $(FIGURES)/scoring.json --plot docs/pictures/scoring.png
	$(BIN)/python benchmarks/evaluation.py

pictures: $(VENV)/.dev  ## The pictures in the README, of the sample company (needs Chromium)
	$(RUN) train --data data/sample
	$(RUN) score --data data/sample --out $(OUT)/watchlist.csv --html $(OUT)/watchlist.html
	$(BIN)/python benchmarks/pictures.py $(OUT)/watchlist.html

lab: $(VENV)/.dev  ## JupyterLab on the notebooks
	$(BIN)/jupyter lab notebooks

mlflow: $(VENV)/.core  ## MLflow's page with the recorded runs
	@echo "The champion and why: http://127.0.0.1:5000/#/models/risk-model-escalation"
	@echo "Every training, its folds below it: http://127.0.0.1:5000/#/experiments/1/runs"
	$(BIN)/mlflow ui --backend-store-uri $${MLFLOW_TRACKING_URI:-sqlite:///mlflow.db}

clean:  ## Remove what the commands made; the virtual environment stays
	rm -rf $(DEMO) $(OUT) mlflow.db mlruns mlartifacts .pytest_cache .mypy_cache .ruff_cache .hypothesis

.PHONY: help install dev watchlist test quick fuzz spark docs hearing notebooks evaluate pictures lab mlflow clean
