# Two commands: `make run` (a simulated world to a published release) and `make test` (lint, then the fast suite).
# While working: `make test-fast FILE=tests/unit/test_cleaning.py` (one file or folder, in this process, without lint).
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
HOME_DIR ?= data
AS_OF ?= 2025Q4
export DAGSTER_DISABLE_TELEMETRY := yes
export DBT_SEND_ANONYMOUS_USAGE_STATS := false

PICTURES ?= data/pictures
# how much `make attack` does: worlds of three releases each, keys, persons of the world that is looked at closely
WORLDS ?= 40
KEYS ?= 200
PERSONS ?= 20000
# how much `make increments` does: sequences, changes of each, and the first seed
SEQUENCES ?= 30
STEPS ?= 3
FIRST_SEED ?= 1
ROOT := $(if $(filter 0,$(shell id -u)),,sudo)

.PHONY: setup run ui docs generate test test-fast test-slow faults increments attack browser clients contracts lint lint-python lint-sql format bench bench-quick lock clean

setup: $(BIN)/labourdb

$(BIN)/labourdb: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed" if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	$(BIN)/python -c 'from orchestration.dbt.project import manifest_path; manifest_path()'
	touch $(BIN)/labourdb

run: setup
	@test -d $(HOME_DIR)/landing || $(BIN)/labourdb simulate --home $(HOME_DIR) --persons 50000 --months 24 --until 2025-12 --provinces 30,19 --seed 1
	@$(BIN)/labourdb run --home $(HOME_DIR) --as-of $(AS_OF)

ui: setup
	@mkdir -p $(HOME_DIR)/dagster && cp -n orchestration/dagster.yaml $(HOME_DIR)/dagster/
	umask 027; DAGSTER_HOME=$(abspath $(HOME_DIR))/dagster LABOURDB_HOME=$(abspath $(HOME_DIR)) $(BIN)/dagster dev

# side by side: types keep one core busy, SQL style the other
lint: setup
	$(MAKE) --no-print-directory -j 2 lint-python lint-sql

lint-python:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lint-sql:
	$(BIN)/sqlfluff lint --processes 2 --disable-progress-bar dbt_project/models dbt_project/tests

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# files are handed out in the order of tests/conftest.py: those that run worlds first
test: lint
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

test-fast: setup
	$(if $(FILE),,$(error Say which: make test-fast FILE=tests/unit/test_cleaning.py))
	$(BIN)/pytest $(FILE)

# what the dbt project says of sources and published tables, from contracts and catalogue
generate: setup
	$(BIN)/python -m orchestration.tasks.generate

docs: setup
	$(BIN)/python -m orchestration.dbt.dictionary

test-slow: setup
	$(BIN)/pytest -m slow -n 2 --dist loadfile --ignore tests/faults --ignore tests/attacks --ignore tests/unit/benchmarks

# all of tests/faults with whole figures: 50 kills, 500 mutants of each format, 20 readers; prints what it found
faults: setup
	$(BIN)/pytest tests/faults -m "slow or not slow"

# sequences of changes drawn at random: what a run keeps from the one before it is what a full build makes
increments: setup
	SEQUENCES=$(SEQUENCES) STEPS=$(STEPS) FIRST_SEED=$(FIRST_SEED) $(BIN)/pytest -s -m slow tests/integration/test_increments.py

# what releases give away to somebody who knows all but the keys (docs/disclosure.md); prints the figures
attack: setup
	LABOURDB_ATTACK_WORLDS=$(WORLDS) LABOURDB_ATTACK_KEYS=$(KEYS) LABOURDB_ATTACK_PERSONS=$(PERSONS) $(BIN)/pytest tests/attacks -m "slow or not slow"

# the release site in Debian's chromium, with axe-core; pictures of every page in $(PICTURES)
browser: setup
	command -v chromium > /dev/null || { $(ROOT) apt-get update -qq && $(ROOT) apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core; }
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r tests/browser.lock
	LABOURDB_PICTURES=$(PICTURES) $(BIN)/pytest -o addopts=-q tests/browser

# a release in every client of tests/clients/clients.yaml, in environments of their own in .venv-clients/ or as Debian has them, and
# what docs/query.md tells them; writes the table of docs/clients.md where all were tried and read right; the history of runs
# in PostgreSQL
clients: setup
	command -v soffice > /dev/null && command -v pg_virtualenv > /dev/null && command -v sqlite3 > /dev/null && test -d /usr/lib/R/site-library/readxl || { $(ROOT) apt-get update -qq && $(ROOT) apt-get install -qq -y --no-install-recommends libreoffice-calc r-base-core r-cran-readxl postgresql sqlite3; }
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r tests/clients.lock
	$(BIN)/pytest -o addopts=-q tests/clients

# the contracts in the standard's own command-line tool, which wants an environment of its own
contracts: .venv-contracts/bin/datacontract
	.venv-contracts/bin/python -m pytest -q -p no:cacheprovider -W ignore -c /dev/null --rootdir tests/contracts --confcutdir tests/contracts tests/contracts

.venv-contracts/bin/datacontract: tests/contracts.lock
	test -x .venv-contracts/bin/python || $(PYTHON) -m venv .venv-contracts
	.venv-contracts/bin/pip install --quiet --disable-pip-version-check --require-hashes -r tests/contracts.lock
	touch $@

# what runs cost up to 10 M people and 63 provinces, against the goals: hours; writes docs/performance.md
bench: setup
	$(BIN)/python -m benchmarks --json benchmarks/results.json --page

# the same of small worlds, in minutes; writes nothing
bench-quick: setup
	$(BIN)/pytest -m slow tests/unit/benchmarks
	$(BIN)/python -m benchmarks --quick

lock:
	uv pip compile pyproject.toml --extra dev --generate-hashes --no-strip-extras --python-version 3.11 --no-header --no-annotate -o requirements.lock
	printf 'axe-playwright-python\nplaywright\n' | uv pip compile - -c requirements.lock --generate-hashes --no-strip-extras --python-version 3.11 --no-header --no-annotate -o tests/browser.lock
	printf 'dagster-postgres\n' | uv pip compile - -c requirements.lock --generate-hashes --no-strip-extras --python-version 3.11 --no-header --no-annotate -o tests/clients.lock
	printf 'datacontract-cli[excel,iceberg,rdf]\npytest\n' | uv pip compile - --generate-hashes --no-strip-extras --python-version 3.11 --no-header --no-annotate -o tests/contracts.lock

clean:
	rm -rf data dbt_project/target
