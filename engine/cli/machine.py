"""This machine: what it can run, and whether the installation is whole."""

import engine
from engine.cli import lines
from engine.cli.shell import AsJson, app, show, show_json, table


@app.command()
def hardware(json: AsJson = False) -> None:
    """Say what this machine can run."""
    show(engine.hardware(), json, lines.of_hardware)


@app.command()
def check(json: AsJson = False) -> int:
    """Say what is right and wrong with this installation."""
    items = engine.check()
    if json:
        show_json(items)
    else:
        table(
            ("", "what", "found", "what to do"),
            [("ok" if item.ok else "WRONG", item.name, item.found, item.next) for item in items],
        )
    return 0 if all(item.ok for item in items) else 1
