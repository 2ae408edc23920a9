#!/bin/sh
# Runs the tests that need an NVIDIA card, in at most four minutes. PYTHON names another interpreter than the project's.
# Exit status: that of pytest, 5 where there is no card and nothing was run, 124 where the time was up.
cd "$(dirname "$0")/.." || exit 1
exec timeout 240 "${PYTHON:-.venv/bin/python}" -m pytest -m gpu tests/gpu "$@"
