# Everything a newcomer needs; each target works on a machine with Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LEAN := $(VENV)/.lean
READY := $(VENV)/.ready
WORKERS ?= 2
OLDEST := .oldest

# The rooms whose coverage is measured and gated: those without training, whose tests
# are fast. Tracing costs two thirds of their time again, and would cost the whole
# suite as much.
MEASURED := _core decision encoding losses metrics priors sampling synthesis table task \
	uncertainty weights
LEAST_COVERAGE := 95
MEASURED_TESTS := $(foreach room,$(MEASURED),$(wildcard tests/$(room) \
	tests/test_$(room).py src/equipoise/$(room) src/equipoise/$(room).py))
EMPTY :=
SPACE := $(EMPTY) $(EMPTY)
COMMA := ,
MEASURED_FILES := $(subst $(SPACE),$(COMMA),$(strip \
	$(MEASURED:%=src/equipoise/%/*) $(MEASURED:%=src/equipoise/%.py)))

.DEFAULT_GOAL := help

.PHONY: help
help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# What a user installs, in the versions that are pinned; no extras and no tools.
$(LEAN): pyproject.toml requirements-dev.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements-dev.txt -e .
	@touch $@

$(READY): $(LEAN)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

.PHONY: setup
setup: $(READY)  ## create the environment and install all that development needs

.PHONY: demo
demo: $(LEAN)  ## install what a user needs and compare the remedies on an embedded real data set
	$(BIN)/equipoise compare example:digits-hard --repeats 5 --out demo

.PHONY: test
test: $(READY)  ## run the tests, the examples in docstrings and the documents
	$(BIN)/pytest -q -n $(WORKERS)

.PHONY: coverage
coverage: $(READY)  ## run the tests of the fast rooms; fail if branches are not covered
	$(BIN)/pytest -q -n $(WORKERS) --cov --cov-report= $(MEASURED_TESTS)
	$(BIN)/coverage report --include='$(MEASURED_FILES)' --fail-under=$(LEAST_COVERAGE)

$(OLDEST)/.ready: pyproject.toml requirements-dev.txt .ci/lowest_versions.py
	$(PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/python .ci/lowest_versions.py > $(OLDEST)/requirements.txt
	$(OLDEST)/bin/python -m pip install --quiet --disable-pip-version-check -r $(OLDEST)/requirements.txt
	$(OLDEST)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

# The site is built, and some numbers are shown, with the pinned versions only.
PINNED_ONLY := --ignore tests/docs \
	--deselect tests/house/test_documents.py::test_the_pinned_versions_name_no_host_and_meet_the_ranges \
	--deselect 'tests/house/test_documents.py::test_the_examples_of_a_document_run[docs/questions/why.md]'

.PHONY: oldest
oldest: $(OLDEST)/.ready  ## run the tests with the lowest supported versions (Python 3.11, 3.12)
	$(OLDEST)/bin/pytest -q -n $(WORKERS) -W ignore::DeprecationWarning $(PINNED_ONLY)

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
check: lint types test coverage  ## what CI runs

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
	rm -rf $(VENV) $(OLDEST) .coverage demo build dist site .mypy_cache .ruff_cache .pytest_cache
