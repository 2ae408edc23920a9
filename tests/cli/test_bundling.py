"""Bundles on the command line: what was packed, what a bundle found elsewhere, and what is refused."""

import json
import signal

import pytest

import engine
from engine import CrossCpu
from engine.cli.main import main
from engine.results.verification import KnownVerification, Verification
from tests.made import INT8
from tests.made_bundle import made_bundle
from tests.made_verification import made_result

KNOWN = KnownVerification(
    id="a" * 16,
    run_name="digits to int8",
    label="Static INT8",
    imported="2026-11-20T12:00:00.000+00:00",
    verification=Verification.model_validate(made_result()),
)


@pytest.fixture
def command(home, monkeypatch, capsys):
    """A command line over made results: its exit status, stdout and stderr."""
    found = CrossCpu(variant_id=INT8, n_layers=3, n_can_saturate=0, n_examples=0, n_evaluation=9)
    for name, result in (("bundle", made_bundle()), ("cross_cpu", found)):
        monkeypatch.setattr(engine, name, lambda *arguments, result=result: result)
    before = signal.getsignal(signal.SIGTERM)

    def call(*arguments):
        status = main(arguments)
        return status, *capsys.readouterr()

    yield call
    signal.signal(signal.SIGTERM, before)


def test_a_bundle_says_what_is_in_it(command, tmp_path):
    status, out, _ = command("bundle", "abc", "--out", str(tmp_path / "b.zip"))
    assert (status, "Static INT8" in out, "SHA-256 ffff" in out) == (0, True, True)
    _, out, _ = command("bundle", "abc", "--out", str(tmp_path / "b.zip"), "--json")
    assert json.loads(out)["descriptions"][0]["variant"] == INT8


def test_an_estimate_is_a_sentence(command):
    status, out, _ = command("cross-cpu", "abc", "--variant", INT8)
    assert status == 0
    assert "In none of the 3 layers of 8-bit sums can two products overflow" in out


def test_a_verification_is_told_and_one_that_is_none_is_refused_in_one_line(command, tmp_path, monkeypatch):
    path = tmp_path / "verify-result.json"
    path.write_text("{}")
    status, _, error = command("import-verification", str(path))
    assert (status, error.count("\n")) == (2, 1)
    assert "'schema_version' is missing" in error
    assert command("import-verification", str(tmp_path / "missing.json"))[0] == 2
    monkeypatch.setattr(engine, "import_verification", lambda content: KNOWN)
    status, out, _ = command("import-verification", str(path))
    assert (status, "on Cortex-A76, 4 cores" in out, "p50 4 ms (3.9 to 4.1), 2 threads" in out) == (0, True, True)
