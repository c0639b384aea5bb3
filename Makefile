# Needs only python3 (3.11 or later) and make. Everything is installed with pip into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# many tests wait for something: one more of them than there are cores
WORKERS = $$($(PYTHON) -c 'import os; print(min(4, (os.cpu_count() or 1) + 1))')
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help install demo test lint format docs wheel-demo bench soak soak-daemon clean requirements

help:  ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

install: $(VENV)/.installed-run  ## set up .venv; afterwards .venv/bin/alma-folio-sync runs

demo: install  ## rehearse a whole migration on the practice systems (under two minutes)
	@$(BIN)/alma-folio-sync demo

test: $(VENV)/.installed-dev  ## run every test, on the embedded Postgres, without network
	@$(BIN)/python -m pytest tests -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

lint: $(VENV)/.installed-dev  ## style, types and import directions
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/.installed-dev  ## put the code in the house style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: $(VENV)/.installed-dev  ## write the pages of docs/ anew that are made from the code
	@$(BIN)/python -m tests.support.documents

wheel-demo: $(VENV)/.installed-run  ## build the wheel, install it into an empty environment elsewhere, run the demo from it
	@folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; set -e; \
	  chmod 711 "$$folder"; mkdir -m 711 "$$folder/desk"; \
	  $(BIN)/python -m hatchling build -t wheel -d "$$folder/dist"; \
	  $(PYTHON) -m venv "$$folder/environment"; pip="$$folder/environment/bin/python -m pip --disable-pip-version-check"; \
	  $$pip install --quiet --require-hashes -r deploy/requirements/run.txt; \
	  $$pip install --quiet --no-deps "$$folder"/dist/*.whl; $$pip check; \
	  cd "$$folder/desk"; ../environment/bin/alma-folio-sync demo --portfolios 100

bench: $(VENV)/.installed-dev  ## measure speed, share of the permitted rate and memory (minutes)
	@$(BIN)/python -m pytest tests -m bench -s

soak: $(VENV)/.installed-dev  ## 200 kills of the real process, then 20,000 stories of two librarians and a sync (hours; ALMA_FOLIO_SYNC_SOAK_KILLS=20 ALMA_FOLIO_SYNC_SOAK_EXAMPLES=200 for fewer)
	@$(BIN)/python -m pytest tests/system tests/stateful -m soak -s --ignore tests/system/test_daemon.py

soak-daemon: $(VENV)/.installed-dev  ## half an hour of the real daemon: three pairs, memory, each due run once (ALMA_FOLIO_SYNC_SOAK_MINUTES)
	@$(BIN)/python -m pytest tests/system/test_daemon.py -m soak -s

clean:  ## remove .venv and what the demo left
	rm -rf $(VENV) .alma-folio-sync build dist

requirements:  ## write the pinned requirement files anew (needs uv on the PATH)
	for kind in run:install dev:dev; do \
	  uv pip compile pyproject.toml --group $${kind#*:} --universal --python-version 3.11 --generate-hashes \
	    --upgrade --no-header --no-emit-index-url --no-annotate -q -o deploy/requirements/$${kind%:*}.txt; \
	done

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "alma-folio-sync needs Python 3.11 or later; name one with: make PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed-run: $(VENV)/bin/python pyproject.toml deploy/requirements/run.txt
	@echo "Installing into $(VENV) …"
	@$(PIP) install --require-hashes -r deploy/requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed-run deploy/requirements/dev.txt
	@echo "Installing the development tools into $(VENV) …"
	@$(PIP) install --require-hashes -r deploy/requirements/dev.txt
	@touch $@
