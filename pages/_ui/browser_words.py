"""The engine's sentences in the words of the pages: what a page calls a setting and where it is, and no advice that a
browser cannot follow."""

import functools
import re
from collections.abc import Collection
from typing import Any

from engine import (
    TECHNIQUES,
    Budget,
    Distill,
    Finetune,
    PruneChannel,
    Qat,
    Settings,
    Split,
    Target,
    TimmModel,
)

SECTIONS: tuple[tuple[str, type[Settings], Collection[str], str], ...] = (
    ("split.", Split, Split.model_fields, "Data"),
    ("target.", Target, ("threads", "batch_size"), "Optimize"),
    ("budget.", Budget, Budget.model_fields, "Optimize"),
    ("", TimmModel, ("num_classes", "in_chans", "img_size"), "Model"),
    *(("", settings, [field for field in settings.model_fields if "_" in field], "") for settings in TECHNIQUES),
)
"""How a recipe's key begins, the class whose field it names, the fields that a form draws (of a step those whose name
could be no word of a sentence), and the form's page; that of a step is the step's own card."""
OTHERS = {
    "data.classes": "“Class names” on the Data page",
    "data.labels": "“Labels” on the Data page",
    "preprocess": "in the recipe",
    "preprocess.size": "in the recipe",
}
"""What is no field of a form."""
OPERATOR = "Ask whoever runs this app to look into it"
"""In place of advice on the machine that the app runs on."""


def in_browser_words(text: str) -> str:
    """A message of the engine as a page says it. What stands in quotes is left as it is, unless it is a key alone."""
    for said, instead in _phrases().items():
        text = text.replace(said, instead)
    return _pattern().sub(_instead, text)


def label(kind: type[Settings], field: str) -> str:
    """What a form calls a field: its own label, or else its name in words."""
    return str(_extra(kind, field).get("label") or field.replace("_", " ").capitalize())


def choice(kind: type[Settings], field: str, value: str) -> str:
    """What a form calls a value of a field that has words for its values, in quotes."""
    return f"“{_extra(kind, field).get('choices', {}).get(value, value)}”"


def _extra(kind: type[Settings], field: str) -> dict[str, Any]:
    declared = kind.model_fields[field].json_schema_extra
    return declared if isinstance(declared, dict) else {}


def _named(kind: type[Settings], field: str) -> str:
    return f"“{label(kind, field)}”"


@functools.cache
def _phrases() -> dict[str, str]:
    """Whole phrases: values of settings that are one word in a recipe, and what only a command line or the machine's
    owner can do."""
    export, model_page = "Export the model again", "on the Model page"
    return {
        "match to logits": f"{_named(Distill, 'match')} to {choice(Distill, 'match', 'logits')}",
        "match is features": f"{_named(Distill, 'match')} is {choice(Distill, 'match', 'features')}",
        "importance: l2": f"{_named(PruneChannel, 'importance')}: {choice(PruneChannel, 'importance', 'l2')}",
        "in its place (goal)": f"in its place ({_named(PruneChannel, 'goal')})",
        "rounds: 1": f"{_named(PruneChannel, 'rounds')}: 1",
        "choose weights: random or a local weights file": f"choose random weights or a file of your own {model_page}",
        "set HF_HOME to a cache that has them, or ": "or ",
        ", or set HF_HOME to a folder that can be written": "",
        "Accept them there and log in with hf auth login, or choose another": "Choose another",
        "which is hf_hub:owner/name": "which is owner/name",
        ", or say which (preprocess.size)": "",
        " (or set preprocess)": "",
        " (goal_value: the largest file in MB)": "",
        " (goal_value: a share, such as 0.5)": "",
        " (goal_value: a share of less than 1)": "",
        " (with pattern 2:4 leave ratio out)": "",
        " (to 1 in a recipe)": "",
        ", or correct its sum (weights_sha256)": "",
        ", or correct its sum": "",
        ", or give their path": "",
        "Upload the file, or use the command line": "Upload the file",
        "Check the path": "Choose or upload it again",
        "Check its permissions": OPERATOR,
        "Give the path of the file itself": "Choose the file itself",
        "if it lasts, end the process that holds it": "if it lasts, ask whoever runs this app to look into it",
        "Move the file away: the list is made again from the job folders": OPERATOR,
        ", or raise the limit (ulimit -f)": "",
        "Choose one of these as the target's provider": "Name one of these in the recipe, and open it again",
        "Check the file with `python -m engine inspect`": export,
        "Make it writable, or set FEATHERWEIGHT_HOME to another folder": OPERATOR,
        "Make the home folder writable, or set FEATHERWEIGHT_HOME to another": OPERATOR,
        "FEATHERWEIGHT_DATABASE_URL is not a database URL": "the address of the app's database is none",
        "Unset it, or set it to sqlite:///FILE or postgresql://...": OPERATOR,
        "Unset FEATHERWEIGHT_DATABASE_URL, or set it to sqlite:///FILE or postgresql://...": OPERATOR,
        "Check FEATHERWEIGHT_DATABASE_URL": OPERATOR,
        "Run pip install 'psycopg[binary]', or unset FEATHERWEIGHT_DATABASE_URL": OPERATOR,
    }


@functools.cache
def _keys() -> dict[str, str]:
    """Every key of a recipe that a message may name, in the words of the pages."""
    found = dict(OTHERS)
    for begins, kind, fields, page in SECTIONS:
        where = f" on the {page} page" if page else ""
        found |= {f"{begins}{field}": f"{_named(kind, field)}{where}" for field in fields}
    found |= {kind.model_fields["technique"].default: kind.title for kind in (Finetune, Distill, Qat)}
    return found


@functools.cache
def _pattern() -> re.Pattern[str]:
    keys = "|".join(re.escape(key) for key in sorted(_keys(), key=len, reverse=True))
    return re.compile(rf"(?<!\w)'(?P<quoted>[^']*)'(?!\w)|(?<![\w.])(?P<key>{keys})(?![\w.]\w|\w)")


def _instead(match: re.Match[str]) -> str:
    return _keys().get(match["quoted"] if match["key"] is None else match["key"], match[0])
