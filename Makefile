# Everything a newcomer needs; each target works on a machine with Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WORKERS ?= 2

.DEFAULT_GOAL := help

.PHONY: help
help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(READY): pyproject.toml requirements-dev.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

.PHONY: setup
setup: $(READY)  ## create the environment and install

.PHONY: demo
demo: $(READY)  ## compare the remedies on an embedded real data set
	$(BIN)/equipoise compare example:digits-hard --out demo

.PHONY: test
test: $(READY)  ## run the tests, the examples in docstrings and the documents
	$(BIN)/pytest -q -n $(WORKERS)

.PHONY: lint
lint: $(READY)  ## ruff: style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: types
types: $(READY)  ## mypy, strict
	$(BIN)/mypy

.PHONY: docs
docs: $(READY)  ## build the documentation site into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

.PHONY: docs-outputs
docs-outputs: $(READY)  ## renew the outputs shown in the documents
	$(BIN)/python docs/_tools/write_outputs.py --all

.PHONY: check
check: lint types test  ## what CI runs

.PHONY: simulate
simulate: $(READY)  ## the full-size simulations behind the statistical claims
	$(BIN)/pytest -q -m slow -n $(WORKERS)

.PHONY: bench
bench: $(READY)  ## every benchmark in its quick form
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script --quick || exit 1; done

.PHONY: lock
lock:  ## pin the versions that are installed now
	$(BIN)/python -m pip freeze --exclude-editable | grep -v '^equipoise' > requirements-dev.txt

.PHONY: clean
clean:  ## remove what the targets made
	rm -rf $(VENV) demo build dist site .mypy_cache .ruff_cache .pytest_cache
