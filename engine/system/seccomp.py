"""A seccomp filter that keeps this process, for good, from the network and from other processes; Linux only.

The filter is a program of classic BPF that the kernel runs at every system call
(https://docs.kernel.org/userspace-api/seccomp_filter.html). It needs no rights and no library.
"""

import ctypes
import errno
import os
import platform
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass

_LOAD, _IF_EQUAL, _IF_AT_LEAST, _IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000
_AND = 0x54
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _SECOND_ARGUMENT = 0, 4, 16, 24
"""Offsets in the kernel's struct seccomp_data; of the argument the lower half, which comes first on both machines."""
_CLONE_THREAD = 0x00010000
_X32 = 0x40000000
"""Numbers of system calls of x86-64's second interface begin here; it is not used."""
_PR_SET_NO_NEW_PRIVS = 38
_SET_FILTER, _IS_AVAILABLE = 1, 2
_KEEP_SPECULATION = 1 << 2
"""Without it kernels before 5.16 slow the whole process down, and with it what is measured
(https://docs.kernel.org/admin-guide/hw-vuln/spectre.html)."""
_FAMILIES = (socket.AF_INET, socket.AF_INET6, 16)
"""Those of a job that needs the network; 16 is AF_NETLINK, which looking up a name takes. Not AF_UNIX: the sockets of
other programs of this machine, Docker's for one, are files that Landlock does not yet cover."""


@dataclass(frozen=True)
class _Machine:
    """The numbers of one architecture (the kernel's syscall tables)."""

    architecture: int
    seccomp: int
    socket: int
    clone: int
    prctl: int
    starting: tuple[int, ...]
    denied: tuple[int, ...]
    signals: tuple[int, ...]
    settings: tuple[int, ...]
    attributes: tuple[int, ...]


_MACHINES: Mapping[str, _Machine] = {
    "x86_64": _Machine(
        architecture=0xC000003E,
        seccomp=317,
        socket=41,
        clone=56,
        prctl=157,
        starting=(57, 58, 59, 322),  # fork, vfork, execve, execveat
        denied=(
            *(101, 310, 311),  # ptrace, process_vm_readv, process_vm_writev
            *(200, 129, 297, 141, 251),  # tkill, rt_sigqueueinfo, rt_tgsigqueueinfo, setpriority, ioprio_set
            *(29, 30, 31, 64, 65, 66, 220, 68, 69, 70, 71, 240),  # shm*, sem*, msg* of System V, mq_open
            *(248, 249, 250),  # add_key, request_key, keyctl
        ),
        signals=(62, 234),
        settings=(302, 142, 144, 314),
        attributes=(90, 91, 268, 92, 93, 94, 260, 188, 189, 190, 197, 198, 199),
    ),
    "aarch64": _Machine(
        architecture=0xC00000B7,
        seccomp=277,
        socket=198,
        clone=220,
        prctl=167,
        starting=(221, 281),  # execve, execveat
        denied=(
            *(117, 270, 271),  # ptrace, process_vm_readv, process_vm_writev
            *(130, 138, 240, 140, 30),  # tkill, rt_sigqueueinfo, rt_tgsigqueueinfo, setpriority, ioprio_set
            *(194, 196, 195, 190, 193, 191, 192, 186, 189, 188, 187, 180),  # shm*, sem*, msg* of System V, mq_open
            *(217, 218, 219),  # add_key, request_key, keyctl
        ),
        signals=(129, 131),
        settings=(261, 118, 119, 274),
        attributes=(52, 53, 55, 54, 5, 6, 7, 14, 15, 16),
    ),
}
"""The first argument of `signals` (kill, tgkill) and `settings` (prlimit64, sched_setparam, sched_setscheduler,
sched_setattr) is a process; a 0 is the group to signals, and this process to settings. Not among them is
sched_setaffinity, by which onnxruntime and OpenMP give cores to their threads: a filter cannot tell whose threads.
`attributes` are chmod, fchmod, fchmodat; chown, fchown, lchown, fchownat; setxattr, lsetxattr, fsetxattr, removexattr,
lremovexattr, fremovexattr; the second machine has fewer."""
_IO_URING_SETUP, _CLONE3, _PIDFD_SEND_SIGNAL, _PIDFD_GETFD = 425, 435, 424, 438
"""The same on both: io_uring opens sockets past a filter, and a filter cannot see the arguments of clone3."""
_NEWER_ATTRIBUTES = (452, 463, 466, 469)
"""The same on both: fchmodat2, setxattrat, removexattrat, file_setattr."""
_PR_SET_PDEATHSIG = 1
"""A process that outlives the supervisor could be begun again beside itself."""


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("k", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction)))


def is_available() -> bool:
    """Whether this kernel filters system calls, and this module knows their numbers on this processor."""
    machine = _machine()
    if machine is None:
        return False
    action = ctypes.c_uint32(_FAIL)
    return bool(ctypes.CDLL(None).syscall(machine.seccomp, _IS_AVAILABLE, 0, ctypes.byref(action)) == 0)


def deny(*, network: bool, processes: bool = False, loopback: bool = False) -> None:
    """Keep this thread, and the threads that it starts, from starting processes and from touching any other one.

    With `processes` it may start some, which are kept from the same, and send signals. Without `network` it is kept
    from sockets too, but with `loopback` from those of TCP, and from changing modes, owners and attributes of files,
    which Landlock does not see and which the Hub's client does. Such a call then fails with PermissionError. Raises
    OSError where the kernel refuses the filter.
    """
    machine = _machine()
    if machine is None:
        raise OSError(errno.ENOSYS, "no filter of system calls is known for this processor")
    rules = _rules(machine, network=network, processes=processes, loopback=loopback)
    instructions = (_Instruction * len(rules))(*(_Instruction(*rule) for rule in rules))
    program = _Program(len(rules), instructions)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.syscall(
        machine.seccomp, _SET_FILTER, _KEEP_SPECULATION, ctypes.byref(program)
    ):
        raise OSError(ctypes.get_errno(), "the kernel refuses the filter of system calls")


def _machine() -> _Machine | None:
    return _MACHINES.get(platform.machine()) if sys.platform == "linux" else None


Rule = tuple[int, int, int, int]
"""Code, how many instructions to skip if true and if false, operand."""
_TCP: list[Rule] = [
    (_IF_EQUAL, 0, 4, socket.AF_INET),
    (_LOAD, 0, 0, _SECOND_ARGUMENT),
    (_AND, 0, 0, 0xF),  # without SOCK_NONBLOCK and SOCK_CLOEXEC
    (_IF_EQUAL, 0, 1, socket.SOCK_STREAM),
    (_RETURN, 0, 0, _ALLOW),
]
"""Allows a socket of TCP, and none of UDP: no name is looked up."""


def _rules(machine: _Machine, *, network: bool, processes: bool, loopback: bool) -> list[Rule]:
    rules: list[Rule] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_IF_EQUAL, 1, 0, machine.architecture),
        _fail(errno.EPERM),
        (_LOAD, 0, 0, _NUMBER),
        (_IF_AT_LEAST, 0, 1, _X32),
        _fail(errno.EPERM),
    ]
    attributes = () if network else (*machine.attributes, *_NEWER_ATTRIBUTES)
    starting = () if processes else machine.starting
    for number in (*starting, *machine.denied, *attributes, _IO_URING_SETUP, _PIDFD_SEND_SIGNAL, _PIDFD_GETFD):
        rules += [(_IF_EQUAL, 0, 1, number), _fail(errno.EPERM)]
    # As on a kernel without clone3: the C library then starts threads by clone, whose flags can be looked at.
    rules += [(_IF_EQUAL, 0, 1, _CLONE3), _fail(errno.ENOSYS)]
    if not processes:
        rules += _only(machine.clone, [(_IF_ANY_BIT, 0, 1, _CLONE_THREAD), (_RETURN, 0, 0, _ALLOW)], errno.EPERM)
    own: list[Rule] = [(_IF_EQUAL, 0, 1, os.getpid()), (_RETURN, 0, 0, _ALLOW)]
    for number in () if processes else machine.signals:
        rules += _only(number, own, errno.EPERM)
    for number in machine.settings:
        rules += _only(number, [*own, (_IF_EQUAL, 0, 1, 0), (_RETURN, 0, 0, _ALLOW)], errno.EPERM)
    rules += _only(machine.prctl, [(_IF_EQUAL, 1, 0, _PR_SET_PDEATHSIG), (_RETURN, 0, 0, _ALLOW)], errno.EPERM)
    families = [
        rule for family in _FAMILIES if network for rule in ((_IF_EQUAL, 0, 1, family), (_RETURN, 0, 0, _ALLOW))
    ]
    rules += _only(machine.socket, families or (_TCP if loopback else []), errno.EACCES)
    return [*rules, (_RETURN, 0, 0, _ALLOW)]


def _only(number: int, exceptions: list[Rule], code: int) -> list[Rule]:
    """Deny the system call `number`, but where `exceptions`, which look at its first argument, allow it."""
    body = [(_LOAD, 0, 0, _FIRST_ARGUMENT), *exceptions, _fail(code)]
    return [(_IF_EQUAL, 0, len(body), number), *body]


def _fail(code: int) -> Rule:
    return _RETURN, 0, 0, _FAIL | code
