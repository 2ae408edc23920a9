"""How much memory a job is seen to hold."""

import subprocess
import sys

import pytest

from engine.jobs.processes import resource_use

MB = 1_000_000
N_BYTES = 150 * MB
BARE = "import sys; print('ready', flush=True); sys.stdin.read()"
MAPS = f"""
import mmap, sys
file = open(sys.argv[1], "r+b")
data = mmap.mmap(file.fileno(), 0)
sum(data[start] for start in range(0, {N_BYTES}, 4096))
{BARE}
"""
HOLDS = f"data = b'x' * {N_BYTES}\n{BARE}"
HAS_A_CHILD_THAT_HOLDS = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {HOLDS!r}], stdin=sys.stdin)
sys.stdin.read()
child.wait()
"""


@pytest.fixture
def use(tmp_path):
    """Bytes and number of the processes of such a script, once it is ready."""
    (tmp_path / "file").write_bytes(b"x" * N_BYTES)
    processes = []

    def start(code):
        command = [sys.executable, "-c", code, str(tmp_path / "file")]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        processes.append(process)
        assert process.stdout.readline() == b"ready\n"
        return resource_use(process.pid)

    yield start
    for process in processes:
        process.communicate()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells mapped files apart")
def test_a_mapped_file_is_not_memory_that_a_job_holds(use):
    assert use(MAPS)[0] < N_BYTES / 3


@pytest.mark.parametrize(("code", "n_processes"), [(HOLDS, 1), (HAS_A_CHILD_THAT_HOLDS, 2)])
def test_what_a_job_and_its_children_hold_counts(use, code, n_processes):
    n_bytes, n = use(code)
    assert N_BYTES < n_bytes < 2 * N_BYTES
    assert n == n_processes


def test_a_process_that_is_gone_holds_nothing():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert resource_use(process.pid) == (0, 0)
