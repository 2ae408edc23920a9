"""The verb that serves agents."""

from typing import Annotated

import typer

from engine import RequestError
from engine.cli.shell import app

PACKAGE = "pip install --editable '.[mcp]'"


@app.command()
def mcp(
    port: Annotated[
        int | None,
        typer.Option(
            "--port", min=0, max=65535, help="Serve HTTP on this port of 127.0.0.1 (0: any); stdio if left out."
        ),
    ] = None,
    allow_jobs: Annotated[bool, typer.Option("--allow-jobs", help="Agents may start and cancel runs.")] = False,
    allow_paths: Annotated[
        bool, typer.Option("--allow-paths", help="Recipes of agents may name files of this machine by their paths.")
    ] = False,
) -> None:
    """Serve agents by the Model Context Protocol; what they may do is read-only unless you allow more."""
    try:
        from engine.agents.server import serve_loopback, serve_stdio
        from engine.agents.tools import Access
    except ImportError as error:
        raise RequestError("the package mcp is not installed", f"Run {PACKAGE}") from error
    access = Access(jobs=allow_jobs, paths=allow_paths)
    if port is None:
        serve_stdio(access)
    else:
        serve_loopback(access, port)
