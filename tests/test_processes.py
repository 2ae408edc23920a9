"""No look at other processes may fail because one of them ends just then."""

import os
import re
import subprocess
from pathlib import Path
from subprocess import DEVNULL, PIPE

import psutil

from tests.processes import command_of, environment_of, parent_of, processes_of, supervisors_of

ROOT = Path(__file__).parents[1]
ASKED = re.compile(r"\.(cmdline|environ|ppid)\(\)")
MAY_ASK = {"tests/processes.py", "engine/jobs/processes.py"}


def test_a_child_that_is_dead_and_not_waited_for_is_nobody(tmp_path):
    home = {"FEATHERWEIGHT_HOME": str(tmp_path)}
    with subprocess.Popen(["cat", "supervisor", "-"], env=os.environ | home, stdin=PIPE, stderr=DEVNULL) as child:
        process = psutil.Process(child.pid)
        assert [each.pid for each in processes_of(tmp_path)] == [child.pid]
        assert [each.pid for each in supervisors_of(tmp_path)] == [child.pid]
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead from here on, and still there
        assert process.status() == psutil.STATUS_ZOMBIE
        assert (command_of(process), environment_of(process)) == ([], {})
        assert (processes_of(tmp_path), supervisors_of(tmp_path)) == ([], [])
        assert parent_of(process) == os.getpid()
    assert (command_of(process), environment_of(process), parent_of(process)) == ([], {}, None)


def test_nobody_asks_a_process_without_knowing_that_it_may_be_gone():
    files = [path for folder in ("engine", "pages", "bench", "tests") for path in (ROOT / folder).rglob("*.py")]
    asking = {path.relative_to(ROOT).as_posix() for path in files if ASKED.search(path.read_text(encoding="utf-8"))}
    assert asking == MAY_ASK
