"""A script and a notebook that carry out the recipe of a run again, through the façade."""

import json

from engine.results import Report
from engine.settings import dump_recipe
from engine.wording import slug

_IMPORT = "import engine"
_RUN = """report = engine.optimize(recipe, OUT, lambda event: print(f"{event.fraction:4.0%}  {event.message}"))"""
_SHOW = """for variant in report.main_variants:
    latency, accuracy = variant.latency, variant.accuracy
    speed = "not measured" if latency is None else engine.times_as_fast(latency, report.reference)
    figures = accuracy and f"{accuracy.top1:.1%} right ({accuracy.low:.1%} to {accuracy.high:.1%})"
    print(f"{variant.label}: {variant.size_bytes / 1e6:.2f} MB, {speed}, {figures or 'no labels'}")
if report.recommended is not None:
    print(f"recommended: {report.variant(report.recommended.id).label}. {report.recommended.reason.text}")"""
_ENDED = """for failure in report.failures:
    print(f"failed: {failure.message}")"""


def script(report: Report, name: str) -> str:
    """A Python file that runs the recipe again in a folder of its own; exit status as the command line's."""
    return f'''"""Carries out the recipe of the run {_line(name)} again: python {slug(name)}.py

It needs Featherweight, and the files at the paths in the recipe. Latencies are measured anew, on this machine.
"""

import sys

{_IMPORT}

OUT = {_folder(report)!r}
"""A new folder, which then holds the report and the ONNX files."""
RECIPE = {_literal(dump_recipe(report.recipe))}


def main() -> int:
    try:
        recipe = engine.parse_recipe(RECIPE)
{_indented(_RUN, 8)}
    except engine.FeatherweightError as error:
        print(f"error: {{error}}", file=sys.stderr)
        return error.exit_status
{_indented(_SHOW, 4)}
{_indented(_ENDED, 4)}
    return 0 if report.state == "done" else 1


if __name__ == "__main__":
    sys.exit(main())
'''


def notebook(report: Report, name: str) -> str:
    """The same as a notebook of Jupyter (nbformat 4.5), without outputs."""
    cells = [
        _markdown(
            f"# {_line(name)}\n\nCarries out the recipe of the run {report.run_id} again. It needs Featherweight, and "
            "the files at the paths in the recipe. Latencies are measured anew, on this machine."
        ),
        _code(_IMPORT),
        _markdown("The recipe, with every default written out."),
        _code(
            f"OUT = {_folder(report)!r}\nRECIPE = {_literal(dump_recipe(report.recipe))}\n"
            "recipe = engine.parse_recipe(RECIPE)"
        ),
        _markdown("The run, in processes of its own; `OUT` must be a new folder."),
        _code(_RUN),
        _markdown("What came out: size, speed and accuracy, each with its 95 % interval."),
        _code(f"{_SHOW}\n{_ENDED}"),
    ]
    content = {
        "cells": [{"id": f"cell-{number}", **cell} for number, cell in enumerate(cells)],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _markdown(text: str) -> dict[str, object]:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def _code(text: str) -> dict[str, object]:
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": text}


def _folder(report: Report) -> str:
    return f"run-{report.run_id}-again"


def _line(name: str) -> str:
    """A name within a docstring or a heading: one line, without quotes and backslashes."""
    return " ".join(name.replace("\\", " ").replace('"', "'").split())


def _literal(text: str) -> str:
    """A text over several lines as a literal of Python."""
    escaped = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'"""\n{escaped}"""'


def _indented(code: str, width: int) -> str:
    return "\n".join(f"{' ' * width}{line}" for line in code.splitlines())
