# make solve   install into .venv and solve the flagship scenario
# make test    install into .venv and run lint, types, contracts and tests
# make nightly-demo   three nights of a season, against a ledger of its own
# make kill-test      a night killed at 200 random moments, in SQLite and PostgreSQL
# make bench   benchmarks; their table goes to benchmarks.md, which is not published (see README, licence facts)

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Idle OpenMP threads that spin slow the others down on a busy machine.
export OMP_WAIT_POLICY := PASSIVE
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: solve test lint types contracts bench kill-test nightly-demo data schema clean

solve: $(VENV)/solve.stamp
	$(BIN)/bursar solve scenarios/scholarship.yaml --out out/scholarship
	$(BIN)/bursar verify out/scholarship

test: lint types contracts
	$(BIN)/python -m pytest --ignore=tests/bench

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/test.stamp
	$(BIN)/mypy

contracts: $(VENV)/test.stamp
	$(BIN)/lint-imports

bench: $(VENV)/test.stamp
	$(BIN)/python -m pytest tests/bench --benchmark-columns=min,median,max,rounds

kill-test: $(VENV)/test.stamp
	BURSAR_KILLS=200 $(BIN)/python -m pytest tests/nights/test_killed.py

# Whoever has arrived by each night; two who were offered an award on the first decline it before the second.
DEMO := out/nightly-demo
NIGHT := $(BIN)/bursar nightly scenarios/season.yaml --set units.table=$(CURDIR)/$(DEMO)/arrived.csv \
  --ledger $(DEMO)/ledger.sqlite --out $(DEMO)/nights --as-of
nightly-demo: $(VENV)/solve.stamp
	rm -rf $(DEMO) && mkdir -p $(DEMO)
	$(BIN)/bursar ledger init --ledger $(DEMO)/ledger.sqlite
	head -n 301 scenarios/data/applicants.csv > $(DEMO)/arrived.csv
	$(NIGHT) 2026-12-01
	awk -F, 'NR == 1 || $$2 > 0' $(DEMO)/nights/2026-12-01/allocation.csv | head -n 3 > $(DEMO)/declined.csv
	$(BIN)/bursar ledger decline season --from $(DEMO)/declined.csv --ledger $(DEMO)/ledger.sqlite
	head -n 601 scenarios/data/applicants.csv > $(DEMO)/arrived.csv
	$(NIGHT) 2027-01-15
	cp scenarios/data/applicants.csv $(DEMO)/arrived.csv
	$(NIGHT) 2027-03-31
	$(BIN)/bursar ledger status --ledger $(DEMO)/ledger.sqlite
	$(BIN)/bursar verify $(DEMO)/nights/2027-01-15

data: $(VENV)/solve.stamp
	$(BIN)/python -m models.truth scenarios/data

schema: $(VENV)/solve.stamp
	$(BIN)/bursar schema > scenarios/schema.json

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/solve.stamp: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --quiet --constraint constraints.txt --editable '.[examples]'
	touch $@

$(VENV)/test.stamp: $(VENV)/solve.stamp
	$(BIN)/python -m pip install --quiet --quiet --constraint constraints.txt --editable '.[examples,test]'
	touch $@

clean:
	rm -rf $(VENV) out build *.egg-info
