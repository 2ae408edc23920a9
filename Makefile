# `make run` starts the app, `make test` checks everything; both prepare a fresh machine first.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

.PHONY: run test test-all lint clean

run: .venv/.run-installed
	@$(BIN)/streamlit run app.py

test: .venv/.dev-installed lint
	@scripts/find_chromium.sh >/dev/null
	$(BIN)/python -m pytest

test-all: .venv/.dev-installed lint
	@scripts/find_chromium.sh >/dev/null
	$(BIN)/python -m pytest -m "slow or not slow"

lint: .venv/.dev-installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

.venv/.run-installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Featherweight needs Python 3.11 or newer")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -r requirements.txt
	@touch $@

.venv/.dev-installed: .venv/.run-installed requirements-dev.txt
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt
	@touch $@

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
