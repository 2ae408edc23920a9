"""Processes that have loaded no library yet, for a job that may itself start none: what a program costs from its start.

Linux counts the peak of a new program's memory from that of the program that started it, and a confined job starts
none at all (engine/system/seccomp.py). So a small process is forked from the runner before that one is confined, and
forks a process for each call. Each of these confines itself to the job's own policy before it does anything else: a
job that a hostile file took over gets nothing there that it does not have itself.
"""

import os
import pkgutil
import signal
import sys
import traceback
from typing import NoReturn

from engine.errors import FeatherweightError, RunError
from engine.system.parent import die_with_parent
from engine.system.sandbox import Policy, confine

MOST_SECONDS = 120
"""After this the kernel ends the process of a call."""


class FreshProcesses:
    """Calls one function in a new process each time. Make it while this process has one thread and is not confined.

    `function` is `module:name`; it takes a line of text and returns one, and it is imported in the new process.
    """

    def __init__(self, function: str, policy: Policy) -> None:
        (calls, self._write), (self._read, results) = os.pipe(), os.pipe()
        parent, ours = os.getpid(), (self._write, self._read)
        if os.fork() == 0:
            _serve(function, policy, calls, results, parent, ours)
        os.close(calls)
        os.close(results)
        self._calls = os.fdopen(self._write, "w", encoding="utf-8")
        self._results = os.fdopen(self._read, "r", encoding="utf-8")

    def call(self, argument: str) -> str:
        """What the function returns for this line of text.

        Raises RunError with the function's error, or how its process ended.
        """
        try:
            print(argument, file=self._calls, flush=True)
        except BrokenPipeError as error:
            raise _gone() from error
        result = self._results.readline().rstrip("\n")
        if not result:
            raise _gone()
        if result.startswith(_FAILED):
            raise RunError(result.removeprefix(_FAILED))
        if result.startswith(_ENDED):
            raise RunError(f"its process ended: {result.removeprefix(_ENDED)}", "Look into the log")
        return result


def _gone() -> RunError:
    return RunError("the process that starts others has ended", "Look into the log")


_FAILED, _ENDED = "failed ", "ended "
"""The beginnings of the lines that say why there is no result: the function's own error, or its process ended."""


def _serve(
    function: str, policy: Policy, calls: int, results: int, parent: int, parents_ends: tuple[int, int]
) -> NoReturn:
    """Forks a process for each line that it reads, until the other end is closed or `parent` dies; never returns.

    `parents_ends` are the ends of the pipes that the parent keeps.
    """
    status = 1
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        die_with_parent(parent)
        for end in parents_ends:
            os.close(end)
        server = os.getpid()
        with os.fdopen(calls, "r", encoding="utf-8") as lines:
            for line in lines:
                child = os.fork()
                if child == 0:
                    _call(function, policy, line.rstrip("\n"), results, server)
                _, ended = os.waitpid(child, 0)
                if ended != 0:
                    os.write(results, f"{_ENDED}{_reason(ended)}\n".encode())
        status = 0
    except BaseException:  # noqa: BLE001 (as in _call: its copy is the runner, which would go on without its policy)
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(status)


def _call(function: str, policy: Policy, argument: str, results: int, parent: int) -> NoReturn:
    """Calls the function in this process, which ends then: with 0 where it wrote a line, the result or its error."""
    status = 1
    try:
        die_with_parent(parent)
        signal.alarm(MOST_SECONDS)
        confine(policy)
        result: str = pkgutil.resolve_name(function)(argument)
        os.write(results, f"{result}\n".encode())
        status = 0
    except FeatherweightError as error:
        os.write(results, f"{_FAILED}{' '.join(str(error).split())}\n".encode())
        status = 0
    except BaseException:  # noqa: BLE001 (the outermost frame of a process, which must not go on as a copy of another)
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(status)


def _reason(status: int) -> str:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        late = f" after {MOST_SECONDS} s" if number == signal.SIGALRM else ""
        return f"{signal.Signals(number).name}{late}"
    return f"status {os.WEXITSTATUS(status)}, its traceback is in the log"
