"""Tries a provider in a process of its own: its library may crash or hang, and must not take this process with it."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from engine.runtimes.trial_model import WRONG_ANSWER, is_right, trial_model

TRIAL_SECONDS = 60.0
"""The longest trial. TensorRT takes tens of seconds for its first engine."""
MOST_LETTERS = 300
Reason = Callable[[str, str], str]
"""From the text of an error, and what the process wrote to stderr, to the reason as a sentence."""


def try_in_child(script: Path, arguments: Sequence[str], reason: Reason, seconds: float = TRIAL_SECONDS) -> str:
    """Why the small model did not run on this provider with the right answer; empty where it did.

    `script` is a program that takes the `arguments`, of which the first is the provider's name, and on stdin the model,
    and prints JSON: `values` of the output or an `error`.
    """
    # -P: the script's folder would hide packages of the same name.
    command = [sys.executable, "-P", str(script), *arguments]
    try:
        child = subprocess.run(command, input=trial_model(), capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return f"it did not answer within {seconds:g} seconds"
    except OSError as error:
        return f"no process could be started to try it: {error.strerror or error}"
    answer, stderr = _answer(child.stdout), child.stderr.decode(errors="replace")
    if answer is None:
        return _ended(child.returncode, reason("", stderr))
    if "error" in answer:
        return reason(str(answer["error"]), stderr)[:MOST_LETTERS]
    return "" if is_right(np.array(answer.get("values"), np.float64)) else WRONG_ANSWER


def _answer(stdout: bytes) -> dict[str, object] | None:
    """What the process printed, after anything that a library may have; None where it came to no answer."""
    lines = stdout.decode(errors="replace").strip().splitlines()
    try:
        answer = json.loads(lines[-1]) if lines else None
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _ended(status: int, reason: str) -> str:
    """A process that came to no answer: how it ended, and what it said."""
    how = f"by the signal {signal.Signals(-status).name}" if status < 0 else f"with the exit status {status}"
    return f"its library ended the process that tried it, {how}{f': {reason}' if reason else ''}"[:MOST_LETTERS]
