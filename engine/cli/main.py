"""The command line: `python -m engine VERB`. Each verb is one call of the façade and some lines of text.

Exit status: 0 done, 1 something failed, 2 refused (one line on stderr), 130 cancelled. Of `gate`: 3 a rule is broken, 4
it cannot tell.
"""

import signal
import sys
from collections.abc import Sequence
from types import FrameType

import typer
from typer.main import get_command

from engine import FeatherweightError
from engine.cli import agents, bundling, data, exports, graphs, layers, machine, models, runs, serving, speed
from engine.cli.shell import app, error

REFUSED, CANCELLED = 2, 130
VERBS = (runs, models, data, speed, graphs, layers, bundling, serving, machine, exports, agents)

"""Importing these puts their verbs into `app`, in the order of the help."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command line; returns the exit status. Whatever is refused is one line on stderr."""
    signal.signal(signal.SIGTERM, _interrupt)
    command = get_command(app)
    try:
        status = command.main(
            args=list(sys.argv[1:] if arguments is None else arguments), prog_name="engine", standalone_mode=False
        )
    except FeatherweightError as failure:
        error(str(failure))
        return failure.exit_status
    except typer.TyperException as failure:
        error(f"{failure.format_message().rstrip('.')}. See python -m engine --help")
        return REFUSED
    except (KeyboardInterrupt, typer.Abort):
        error("cancelled")
        return CANCELLED
    return status if isinstance(status, int) else 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Treats SIGTERM as Ctrl-C, so that a job in the foreground is cancelled cleanly."""
    raise KeyboardInterrupt
