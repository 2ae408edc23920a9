"""A process that confines itself, and then tries what a hostile file might make it do."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from engine.system import seccomp
from engine.system.sandbox import MIN_ABI, NET_ABI, landlock_abi

ATTEMPTS = """
import ctypes, errno, json, os, platform, resource, signal, socket, subprocess, sys, threading
from pathlib import Path
from engine.system.sandbox import Policy, confine

given = json.loads(sys.argv[1])
own, secret, source = Path(given["own"]), Path(given["secret"]), Path(given["input"])
confine(Policy(readable=(source,), writable=(own,), network=given["network"]))

def connect():
    with socket.socket() as one:
        one.connect(("127.0.0.1", given["port"]))

X86 = platform.machine() == "x86_64"
libc = ctypes.CDLL(None, use_errno=True)

def system_call(*arguments):
    if libc.syscall(*arguments) < 0:
        raise OSError(ctypes.get_errno(), "")

def fork():
    if os.fork() == 0:
        os._exit(0)

def thread():
    one = threading.Thread(target=lambda: None)
    one.start()
    one.join()

def from_a_thread():
    found = []
    one = threading.Thread(target=lambda: found.append(attempt(secret.read_bytes)))
    one.start()
    one.join()
    if found != ["done"]:
        raise OSError(errno.EACCES, "denied")

def move_within():
    (own / "a").mkdir()
    (own / "a" / "file").write_text("x")
    (own / "a" / "file").rename(own / "file")
    (own / "file").unlink()

def attempt(function):
    try:
        function()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"

print(json.dumps({name: attempt(function) for name, function in {
    "read an input": source.read_bytes,
    "read a secret": secret.read_bytes,
    "read a secret in a thread": from_a_thread,
    "list a folder": lambda: os.listdir(secret.parent),
    "read what others see": Path(f"/proc/{os.getppid()}/environ").read_bytes,
    "write an input": lambda: source.write_text("x"),
    "make a file elsewhere": lambda: (secret.parent / "new").write_text("x"),
    "empty a file elsewhere": lambda: os.truncate(secret, 0),
    "remove a file elsewhere": secret.unlink,
    "take a file": lambda: secret.rename(own / "taken"),
    "link to a file": lambda: (own / "link").hardlink_to(secret),
    "point to a file": lambda: (own / "pointer").symlink_to(secret),
    "write its own": move_within,
    "write nowhere": lambda: Path("/dev/null").write_text("x"),
    "connect": connect,
    "send a datagram": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close(),
    "open a local socket": lambda: socket.socket(socket.AF_UNIX).close(),
    "fork": fork,
    "start a program": lambda: subprocess.run([sys.executable, "-c", ""]),
    "become a program": lambda: os.execv("/bin/true", ["true"]),
    "signal another process": lambda: os.kill(os.getppid(), signal.SIGCONT),
    "signal its group": lambda: os.kill(0, signal.SIGCONT),
    "signal everybody": lambda: os.kill(-1, signal.SIGCONT),
    "signal by a descriptor": lambda: signal.pidfd_send_signal(os.pidfd_open(os.getppid()), signal.SIGCONT),
    "signal a thread": lambda: system_call(200 if X86 else 130, os.getppid(), signal.SIGCONT),
    "limit another process": lambda: resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (10, 10)),
    "slow another process": lambda: os.setpriority(os.PRIO_PROCESS, os.getppid(), 19),
    "share memory": lambda: system_call(29 if X86 else 194, 1, 4096, 0o1600),
    "outlive its parent": lambda: system_call(157 if X86 else 167, 1, 0, 0, 0, 0),
    "open a file to all": lambda: secret.chmod(0o666),
    "open its own file to all": lambda: own.chmod(0o777),
    "attach to a file": lambda: os.setxattr(secret, "user.a", b"a"),
    "signal itself": lambda: os.kill(os.getpid(), signal.SIGCONT),
    "limit itself": lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)),
    "choose its cores": lambda: os.sched_setaffinity(0, os.sched_getaffinity(0)),
    "start a thread": thread,
}.items()}))
"""
DENIED = {
    "read a secret",
    "read a secret in a thread",
    "list a folder",
    "read what others see",
    "write an input",
    "make a file elsewhere",
    "empty a file elsewhere",
    "remove a file elsewhere",
    "take a file",
    "link to a file",
    "point to a file",
    "open a local socket",
    "fork",
    "start a program",
    "become a program",
    "signal another process",
    "signal its group",
    "signal everybody",
    "signal by a descriptor",
    "signal a thread",
    "limit another process",
    "slow another process",
    "share memory",
    "outlive its parent",
}
NETWORK = {"connect", "send a datagram"}
MODES = {"open a file to all", "open its own file to all", "attach to a file"}
pytestmark = pytest.mark.skipif(
    landlock_abi() < MIN_ABI or not seccomp.is_available(), reason="this kernel has no Landlock, or no seccomp"
)


@pytest.fixture
def attempts(tmp_path):
    """The outcome of every attempt, by its name; afterwards nothing outside has changed."""
    for name in ("own", "others"):
        (tmp_path / name).mkdir()
    secret, source = tmp_path / "others" / "secret", tmp_path / "input"
    secret.write_text("secret")
    source.write_text("input")

    def carry_out(*, network: bool) -> dict[str, str]:
        with socket.create_server(("127.0.0.1", 0)) as server:
            given = {"own": str(tmp_path / "own"), "secret": str(secret), "input": str(source), "network": network}
            given["port"] = server.getsockname()[1]
            environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
            child = subprocess.run(
                [sys.executable, "-P", "-c", ATTEMPTS, json.dumps(given)],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
            )
        assert child.returncode == 0, child.stderr
        return json.loads(child.stdout)

    yield carry_out
    assert (secret.read_text(), source.read_text()) == ("secret", "input")
    assert [path.name for path in secret.parent.iterdir()] == ["secret"]


@pytest.mark.parametrize("network", [False, True])
def test_a_confined_process_reaches_its_own_alone(attempts, network):
    outcomes = attempts(network=network)
    denied = {name for name, outcome in outcomes.items() if outcome in ("EACCES", "EPERM", "EXDEV")}
    assert denied - MODES == (DENIED if network else DENIED | NETWORK)
    assert denied & MODES == (set() if network else MODES)
    assert {outcomes[name] for name in outcomes.keys() - denied} == {"done"}


def test_a_filter_costs_no_speculation():
    code = (
        "from pathlib import Path; from engine.system.sandbox import Policy, confine; confine(Policy());"
        "print([line for line in Path('/proc/self/status').read_text().splitlines() if 'Store_Bypass' in line])"
    )
    before = [line for line in Path("/proc/self/status").read_text().splitlines() if "Store_Bypass" in line]
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert child.stdout.strip() == str(before)


def test_it_is_for_good():
    code = """
from pathlib import Path
from engine.system.sandbox import Policy, confine
confine(Policy())
confine(Policy(readable=(Path("/root"), Path.home()), network=True))
import socket
for function in (socket.socket, lambda: list(Path.home().iterdir())):
    try:
        function()
    except PermissionError:
        print("denied")
"""
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert child.stdout.split() == ["denied", "denied"]


def test_libraries_that_the_environment_names_are_read(tmp_path):
    (tmp_path / "lib.so").write_text("x")
    code = (
        "import sys; from pathlib import Path; from engine.system.sandbox import Policy, confine; confine(Policy());"
        "print(Path(sys.argv[1]).read_text())"
    )
    environment = os.environ | {
        "LD_LIBRARY_PATH": f":relative:/:{tmp_path}",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    command = [sys.executable, "-P", "-c", code, str(tmp_path / "lib.so")]
    child = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert child.stdout == "x\n"


def test_what_may_start_processes_keeps_them_from_the_same(tmp_path):
    (tmp_path / "secret").write_text("secret")
    code = """
import subprocess, sys
from pathlib import Path
from engine.system.sandbox import Policy, confine
confine(Policy(processes=True))
for attempt in sys.argv[1:]:
    answer = subprocess.run([sys.executable, "-c", attempt], capture_output=True, text=True)
    print(answer.stdout.strip() or answer.stderr.strip().splitlines()[-1].partition(":")[0])
try:
    subprocess.run([sys.executable, "-c", "while True: pass"], timeout=0.2)
except subprocess.TimeoutExpired:
    print("stopped")
"""
    attempts = [
        "print('done')",
        f"open({str(tmp_path / 'secret')!r}).read()",
        "import socket; socket.socket()",
        f"open({str(tmp_path / 'new')!r}, 'w')",
    ]
    child = subprocess.run([sys.executable, "-c", code, *attempts], capture_output=True, text=True, check=True)
    assert child.stdout.split() == ["done", "PermissionError", "PermissionError", "PermissionError", "stopped"]


LOOPBACK = """
import json, socket
from engine.system.sandbox import Policy, confine
confine(Policy(loopback=True, processes=True))

def attempt(function):
    try:
        function()
    except OSError as error:
        return type(error).__name__
    return "done"

with socket.socket() as server:
    server.bind(("127.0.0.1", 0))
    server.listen()
    print(json.dumps([
        attempt(lambda: socket.create_connection(server.getsockname()).close()),
        attempt(lambda: socket.create_connection(("127.0.0.1", 80)).close()),
        attempt(lambda: socket.socket().bind(("127.0.0.1", 8080))),
        attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)),
        attempt(lambda: socket.socket(socket.AF_UNIX)),
    ]))
"""


@pytest.mark.skipif(landlock_abi() < NET_ABI, reason="this kernel's Landlock knows no ports")
def test_what_serves_on_this_machine_has_ports_that_are_given_out_and_no_other_sockets():
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    child = subprocess.run(
        [sys.executable, "-P", "-c", LOOPBACK], env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(child.stdout) == ["done", *["PermissionError"] * 4]
