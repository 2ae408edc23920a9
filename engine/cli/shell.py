"""What the verbs of the command line share: the program, common arguments, and the printing of results."""

import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter

from engine import Event
from engine.cli import lines
from engine.wording import percent

app = typer.Typer(
    add_completion=False,
    no_args_is_help=False,
    rich_markup_mode=None,
    help="Makes image models small and fast, and proves it with measurements.",
)
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


def on_event(event: Event) -> None:
    figures = "".join(f" {name}={value:g}" for name, value in event.metrics.items())
    print(f"{percent(event.fraction):>5} {event.step}: {event.message}{figures}", file=sys.stderr, flush=True)


def error(text: str) -> None:
    print(f"error: {' '.join(text.split())}", file=sys.stderr)


def show_json(value: Any) -> None:
    print(TypeAdapter(Any).dump_json(value, indent=2, by_alias=True).decode())


def show(value: Any, as_json: bool, lines_of: Callable[[Any], list[str]]) -> None:
    if as_json:
        show_json(value)
    else:
        print("\n".join(lines_of(value)))


def table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    print("\n".join(lines.table([heads, *rows])))
