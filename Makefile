# The few commands of everyday work; `make` lists them.
PYTHON ?= python3
VENV ?= .venv
.DEFAULT_GOAL := help
.PHONY: help setup hooks test test-table faults fuzz soak check format docs screenshots package ci

help: ## list the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "%-12s %s\n", $$1, $$2}'

setup: ## make .venv with everything that tests and docs need
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install -q -e '.[test,docs]'

hooks: ## run the quick checks before each commit
	$(VENV)/bin/pip install -q pre-commit
	$(VENV)/bin/pre-commit install

test: ## the whole suite
	$(VENV)/bin/python -m pytest -n 2

test-table: ## one table, TABLE=NAME: its cases on both engines
	$(VENV)/bin/python -m pytest tests/tables tests/proofs/test_models.py -k "$(TABLE)"

faults: ## 200 disturbed runs of each engine, and what stands afterwards: hours, as root
	$(VENV)/bin/python tests/faults/disturb.py
	$(VENV)/bin/python tests/faults/disturb.py --engine emulators

soak: ## a term of 100 days and 10 courses, each day compared with a rebuild: hours; days= courses= every= room=
	$(VENV)/bin/python tests/soak/soak.py $(foreach word,days courses every seed room,$(if $($(word)),--$(word) $($(word))))

fuzz: ## look for input that breaks a reader, SECONDS=1200 for each: hours
	$(VENV)/bin/pip install -q -e '.[fuzz]'
	$(VENV)/bin/python tests/fuzz/fuzz.py --seconds $(or $(SECONDS),1200) $(if $(TARGET),--only $(TARGET))
	$(VENV)/bin/python tests/fuzz/fuzz_hurting.py

check: ## ruff and mypy
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

format: ## let ruff mend layout and imports
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

docs: ## the documentation as a site, in build/site; dead links fail
	$(VENV)/bin/zensical build --strict

screenshots: ## those of the README, from a simulated campus; needs a Chromium
	$(VENV)/bin/python tests/pages/screenshots.py
	$(VENV)/bin/python tests/graph/readme_screen.py

package: ## wheel and sdist of the commit, in dist/: built twice, with the same bytes
	bash .ci/package

ci: ## everything, in an environment of its own
	bash .ci/run
