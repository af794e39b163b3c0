# Every target sets up what it needs: Python packages in .venv, downloads in $(CACHE). Nothing needs root.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/llmspell
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
WORKERS ?= 4

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test test-editors bench lint format reference clean

help:
	@echo "make demo          install, then play an editor session against an example script"
	@echo "make test          the tests"
	@echo "make test-editors  the tests inside real VS Code, Neovim, Emacs and JupyterLab"
	@echo "make bench         the table of measurements"
	@echo "make reference     docs/reference, from the catalogue and the table of diagnostics"
	@echo "make lint          ruff, mypy, tsc, import directions"

$(VENV)/installed: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "llmspell needs Python 3.11 or later: install one, or say PYTHON=/path/to/python make $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(VENV)/installed
	@$(BIN)/python examples/demo.py

test: $(VENV)/installed
	$(BIN)/pytest -n $(WORKERS) -m "not editors"

bench: $(VENV)/installed
	$(BIN)/python -m benchmarks

lint: $(VENV)/installed vscode-extension/node_modules/.package-lock.json
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -q tests/test_import_directions.py
	npm --prefix vscode-extension run --silent check

reference: $(VENV)/installed
	$(BIN)/python -m llmspell_analysis.reference docs/reference

format: $(VENV)/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

vscode-extension/node_modules/.package-lock.json: vscode-extension/package.json vscode-extension/package-lock.json
	npm --prefix vscode-extension ci --no-audit --no-fund --loglevel=error

test-editors: $(VENV)/installed vscode-extension/node_modules/.package-lock.json
	$(BIN)/python tests/editors/run.py --cache "$(CACHE)"

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache vscode-extension/node_modules vscode-extension/out
