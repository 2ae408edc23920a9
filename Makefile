# `make run` starts the app, `make test` checks everything; both prepare a fresh machine first.
# `make test-quick` takes about five minutes on two cores: the tests that neither export, train, time networks, start many
# processes nor drive a browser. With a CPU build of torch in .venv already, add REQUIREMENTS=requirements-cpu.txt.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
REQUIREMENTS ?= requirements.txt
BIN := .venv/bin
TOGETHER := --numprocesses 2 --dist loadfile

.PHONY: run test test-all test-quick test-gpu coverage fuzz screenshots lint lock notices clean

run: .venv/.run-installed
	@$(BIN)/streamlit run app.py

# What measures runs alone: it waits until the machine is quiet.
test: .venv/.dev-installed lint
	@scripts/find_chromium.sh >/dev/null
	$(BIN)/python -m pytest $(TOGETHER) -m "not alone and not slow"
	$(BIN)/python -m pytest -m "alone and not slow"

test-all: .venv/.dev-installed lint
	@scripts/find_chromium.sh >/dev/null
	$(BIN)/python -m pytest $(TOGETHER) -m "not alone"
	$(BIN)/python -m pytest -m "alone"

test-quick: .venv/.dev-installed
	$(BIN)/python -m pytest $(TOGETHER) -m "quick and not slow"

# Needs an NVIDIA card, and onnxruntime-gpu in place of onnxruntime; says so where there is none.
test-gpu: .venv/.dev-installed
	scripts/gpu_tests.sh

# Only what runs in the tests' own process counts, not in the jobs' and the browser's.
coverage: .venv/.dev-installed
	$(BIN)/python -m pytest --ignore=tests/e2e --cov=engine --cov=pages --cov-report=term:skip-covered

# Mutated model files through the intake, then archives and images, FUZZ of each; findings are kept as fuzz-*.
fuzz: .venv/.dev-installed
	$(BIN)/python -m tests.fuzz $(or $(FUZZ),2000)
	$(BIN)/python -m tests.fuzz_images $(or $(FUZZ),2000)

# Every page in light, dark and on a phone, with a run of the sample; wants a quiet machine, whose figures it shows.
screenshots: .venv/.dev-installed
	$(BIN)/python -m tests.e2e.pictures docs/screenshots

lint: .venv/.dev-installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# The requirements files and THIRD_PARTY_NOTICES.md follow pyproject.toml: after a change there, first the one, then the other.
lock: .venv/.dev-installed
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m scripts.make_lock

notices: .venv/.dev-installed
	$(BIN)/python -m scripts.make_notices

.venv/.run-installed: $(REQUIREMENTS) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Featherweight needs Python 3.11 or newer")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r $(REQUIREMENTS)
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev-installed: .venv/.run-installed requirements-dev.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .coverage build featherweight.egg-info
