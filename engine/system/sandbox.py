"""Confines the process of a job to what is the job's, by Landlock and seccomp; what is offered, protections.py says.

The runner calls `confine` before it imports anything heavy and before it reads anything that a user gave.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.errors import RunError
from engine.system import seccomp

if sys.platform == "linux":
    from py_landlock import AccessFs, Landlock, LandlockError, get_abi_version

PACKAGE = Path(__file__).parents[1]
MIN_ABI = 2
"""Landlock's first version (Linux 5.13) has no rule that lets a file move to another folder, which runs do
(https://docs.kernel.org/userspace-api/landlock.html)."""
NET_ABI = 4
"""Landlock's first version with rules about ports."""
_SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/sbin", "/opt", "/nix/store", "/gnu/store", "/sys")
BREW = Path("/home/linuxbrew/.linuxbrew")
_PROC = (
    "cgroups cmdline cpuinfo devices driver filesystems loadavg meminfo modules self stat swaps sys uptime version "
    "vmstat zoneinfo"
).split()
"""In /proc, which shows the environment of the user's other processes too."""
_ETC = (
    "alternatives ca-certificates gai.conf group host.conf hosts ld.so.cache ld.so.conf ld.so.conf.d localtime "
    "mime.types nsswitch.conf nvidia OpenCL passwd pki protocols resolv.conf services ssl/certs ssl/openssl.cnf "
    "timezone vulkan"
).split()
"""What libraries read in /etc: no keys and no passwords."""
_DEVICES = ("null", "zero", "full", "random", "urandom", "nvidia*", "dri", "kfd", "dxg")
"""Below /dev; graphics cards among them."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What the process of one job may use beside the system's and Python's own files. Paths need not exist."""

    readable: tuple[Path, ...] = ()
    """Files, and folders with all that is below them."""
    writable: tuple[Path, ...] = ()
    """The same, to read and to write. No symbolic links, which other processes of the user would follow."""
    downloads: tuple[Path, ...] = ()
    """The same with symbolic links: the Hub's client keeps its files so."""
    network: bool = False
    processes: bool = False
    """Whether it may start processes, which are confined as it is."""
    loopback: bool = False
    """Whether it may listen on the ports that programs of this machine get, and connect to those: Landlock knows ports,
    and not whose they are. Before NET_ABI it knows none, and TCP is not limited."""


def confine(policy: Policy) -> None:
    """Keep this thread, and those that it starts, to the policy for good, as far as the machine offers that.

    Call it while there is one thread only. Raises RunError where the system refuses what it offers.
    """
    try:
        if landlock_abi() >= MIN_ABI:
            _restrict_files(policy)
        if seccomp.is_available():
            seccomp.deny(network=policy.network, processes=policy.processes, loopback=policy.loopback)
    except OSError as error:
        raise _unconfined(error) from error


def landlock_abi() -> int:
    """The version of Landlock that the kernel has; 0 where there is none."""
    if sys.platform != "linux":
        return 0
    try:
        return int(get_abi_version())
    except LandlockError:
        return 0


def _restrict_files(policy: Policy) -> None:
    if sys.platform != "linux":
        return
    read = AccessFs.READ_FILE | AccessFs.READ_DIR
    write = read | AccessFs.WRITE_FILE | AccessFs.TRUNCATE | AccessFs.MAKE_REG | AccessFs.MAKE_DIR
    write |= AccessFs.REMOVE_FILE | AccessFs.REMOVE_DIR | AccessFs.REFER
    device = read | AccessFs.WRITE_FILE | AccessFs.IOCTL_DEV
    # The kernel refuses a rule that gives a file what only folders have.
    of_files = AccessFs.READ_FILE | AccessFs.WRITE_FILE | AccessFs.TRUNCATE | AccessFs.IOCTL_DEV | AccessFs.EXECUTE
    # Never closed, so that the kernel does not forget the entries that rules are about: short of memory it makes others
    # of the same name, of which no rule says anything.
    for name in _PROC:
        with suppress(OSError):
            os.open(f"/proc/{name}", os.O_PATH)
    ruleset = Landlock(strict=False)
    if policy.network:
        ruleset.allow_all_network()
    elif policy.loopback and landlock_abi() >= NET_ABI:
        ruleset.allow_network(0, *_short_lived_ports())  # to bind to 0 is to be given one of them
    try:
        for paths, access in (
            (_system_paths(), read | AccessFs.EXECUTE if policy.processes else read),
            (policy.readable, read),
            (_devices(), device),
            (policy.writable, write),
            (policy.downloads, write | AccessFs.MAKE_SYM),
        ):
            for path in filter(_exists, paths):
                ruleset.add_path_rule(path, access=access if path.is_dir() else access & of_files)
        ruleset.apply()
    except LandlockError as error:
        raise _unconfined(error) from error


def _system_paths() -> tuple[Path, ...]:
    """What Python and its packages read. The folder above this package is not among them, unless it is Python's own."""
    prefixes = (Path(prefix) for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix))
    entries = (Path(entry) for entry in sys.path if Path(entry).is_absolute())
    packages = (entry for entry in entries if entry != PACKAGE.parent)
    system = (*_SYSTEM, *(f"/etc/{name}" for name in _ETC), *(f"/proc/{name}" for name in _PROC))
    return (*map(Path, system), BREW, *prefixes, *packages, *_libraries(), PACKAGE)


def _libraries() -> Iterator[Path]:
    """Folders of shared libraries that the environment names: those of a graphics card, for one."""
    for name in os.environ.get("LD_LIBRARY_PATH", "").split(":"):
        if (path := Path(name)).is_absolute() and path != Path("/"):
            yield path


def _devices() -> tuple[Path, ...]:
    return tuple(path for name in _DEVICES for path in Path("/dev").glob(name))


def _short_lived_ports() -> range:
    """The ports that the system gives to who asks for any (IANA's ephemeral ports, as Linux has them)."""
    first, last = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()
    return range(int(first), int(last) + 1)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # in a folder that may not be searched
        return False


def _unconfined(error: Exception) -> RunError:
    return RunError(
        f"the job was not begun, since its process could not be confined: {error}",
        "Run python -m engine check, and report this",
        code="sandbox",
    )
