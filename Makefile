# make solve   install into .venv and solve the flagship scenario
# make test    install into .venv and run lint, types, contracts and tests
# make bench   benchmarks; their table goes to benchmarks.md, which is not published (see README, licence facts)

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Idle OpenMP threads that spin slow the others down on a busy machine.
export OMP_WAIT_POLICY := PASSIVE
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: solve test lint types contracts bench data schema clean

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
