"""Processes that a confined one has started for it, each in a process of its own that is confined alike."""

import json
import subprocess
import sys

import pytest

from engine.system import seccomp
from engine.system.sandbox import MIN_ABI, landlock_abi

CALLED = """
import os, signal, socket, sys
from engine.errors import RunError

def call(argument):
    if argument == "twice":
        return str("counted" in globals() or globals().update(counted=1))
    if argument == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if argument == "fails":
        raise RunError("it does not\\nrun", "Choose another")
    if argument == "breaks":
        raise ValueError
    if argument == "loaded":
        return str("onnxruntime" in sys.modules)
    if argument == "waits":
        print(argument, flush=True)
        signal.pause()
    if argument == "secret":
        return open(sys.argv[2]).read()
    return argument.upper()
"""
CALLER = """
import json, sys
from pathlib import Path
from engine.errors import RunError
from engine.system.fresh_processes import FreshProcesses
from engine.system.sandbox import Policy, confine

sys.path.insert(0, sys.argv[1])
policy = Policy(readable=(Path(sys.argv[1]),))
processes = FreshProcesses("called:call", policy)
confine(policy)
outcomes = {}
for argument in ("a", "twice", "twice", "killed", "fails", "breaks", "loaded", "secret", "b"):
    try:
        outcomes[argument] = processes.call(argument)
    except RunError as error:
        outcomes[argument] = f"error: {error}"
print(json.dumps(outcomes))
"""
PROGRAM = """
import os, sys
from pathlib import Path
from engine.system.fresh_processes import FreshProcesses
from engine.system.sandbox import Policy

sys.path.insert(0, sys.argv[1])
try:
    processes = FreshProcesses("called:call", Policy(readable=(Path(sys.argv[1]),)))
except Exception:
    print("a copy of the program goes on", flush=True)
    raise
"""
NO_TEXT = "os.write(processes._write, b'\\xff\\n'); os.wait()"
NOBODY_READS = "processes._results.close(); print('killed', file=processes._calls, flush=True); os.wait()"


@pytest.fixture(scope="module")
def caller(tmp_path_factory):
    folder, secret = tmp_path_factory.mktemp("called"), tmp_path_factory.mktemp("other") / "secret"
    (folder / "called.py").write_text(CALLED)
    secret.write_text("secret")
    return subprocess.run([sys.executable, "-c", CALLER, folder, secret], capture_output=True, text=True, check=True)


def test_each_call_has_a_process_of_its_own_and_one_that_ends_takes_nothing_from_the_next(caller):
    outcomes = json.loads(caller.stdout)
    assert (outcomes["a"], outcomes["b"]) == ("A", "B")
    assert outcomes["twice"] == "None"
    assert outcomes["loaded"] == "False"


def test_what_goes_wrong_is_told_in_one_line(caller):
    outcomes = json.loads(caller.stdout)
    assert outcomes["killed"].startswith("error: its process ended: SIGKILL")
    assert outcomes["fails"].startswith("error: it does not run. Choose another")
    assert outcomes["breaks"].startswith("error: its process ended: status 1")
    assert "ValueError" in caller.stderr


@pytest.mark.skipif(
    landlock_abi() < MIN_ABI or not seccomp.is_available(), reason="this kernel has no Landlock, or no seccomp"
)
def test_a_called_process_may_do_no_more_than_the_one_that_asked_for_it(caller):
    assert json.loads(caller.stdout)["secret"].startswith("error: its process ended: status 1")
    assert "PermissionError" in caller.stderr


@pytest.mark.parametrize(
    ("then", "error"),
    [(NO_TEXT, "UnicodeDecodeError"), (NOBODY_READS, "BrokenPipeError")],
    ids=("no text", "nobody reads"),
)
def test_one_that_cannot_serve_any_longer_ends_and_is_no_copy_of_the_program(tmp_path, then, error):
    (tmp_path / "called.py").write_text(CALLED)
    ended = subprocess.run([sys.executable, "-c", PROGRAM + then, tmp_path], capture_output=True, text=True, check=True)
    assert error in ended.stderr
    assert ended.stdout == ""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_a_call_under_way_ends_with_the_program_even_by_sigkill(tmp_path):
    (tmp_path / "called.py").write_text(CALLED)
    command = [sys.executable, "-c", f"{PROGRAM}processes.call('waits')", tmp_path]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert program.stdout.readline() == "waits\n"
    program.kill()
    assert program.stdout.read() == ""  # returns when the last process that could write has died
    program.wait()
