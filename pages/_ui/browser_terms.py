"""The engine's messages with the labels of the pages in place of a recipe's keys.

Advice that cannot be followed in a browser, such as a command, is replaced or left out.
"""

import functools
import re
from collections.abc import Collection
from typing import Any

from engine import (
    TECHNIQUES,
    Budget,
    Distill,
    FileModel,
    Finetune,
    ImagesData,
    Preprocess,
    PruneChannel,
    Qat,
    Settings,
    Split,
    Target,
    TimmModel,
)
from pages._ui.wording import plain, sentence

SECTIONS: tuple[tuple[str, type[Settings], Collection[str], str], ...] = (
    ("data.", ImagesData, ("label_file", "file_column", "label_column", "whole_labels"), "Data"),
    ("split.", Split, Split.model_fields, "Data"),
    ("target.", Target, [field for field in Target.model_fields if field not in ("runtime", "provider")], "Optimize"),
    ("budget.", Budget, Budget.model_fields, "Optimize"),
    ("model.", FileModel, ("output", "size", "task"), "Model"),
    ("preprocess.", Preprocess, Preprocess.model_fields, "Model"),
    ("", TimmModel, ("num_classes", "in_chans", "img_size"), "Model"),
    *(("", settings, [field for field in settings.model_fields if "_" in field], "") for settings in TECHNIQUES),
)
"""Prefix of a recipe's key, class of the field, fields that a form draws, and the page of the form.

Of a step only fields with an underscore are replaced: any other name may be a word of a sentence. A step has no page,
since its form is on its own card.
"""
OTHER_KEYS = {
    "data.classes": "“Class names” on the Data page",
    "data.labels": "“Labels” on the Data page",
    "data.folders": "on the Data page",
    "data.leave_out": "on the Data page",
    "preprocess": "on the Model page",
}
"""Keys of a recipe that no form draws, with what replaces them."""
ASK_OPERATOR = "Ask whoever runs this app to look into it"
"""Replaces advice on the machine that the app runs on."""


def in_browser_terms(text: str) -> str:
    """A message of the engine for a page. A text in quotes stays as it is, unless it is a key alone."""
    for phrase, replacement in _phrases().items():
        text = text.replace(phrase, replacement)
    return _pattern().sub(_replacement, text)


def told(text: str) -> str:
    """A message of the engine as a sentence for a page, in Markdown that shows it as it is."""
    return plain(sentence(in_browser_terms(text)))


def label(kind: type[Settings], field: str) -> str:
    """The label of a field, or else its name without underscores."""
    return str(_extra(kind, field).get("label") or field.replace("_", " ").capitalize())


def choice(kind: type[Settings], field: str, value: str) -> str:
    """The label of a value of a field with choices, in quotes."""
    return f"“{_extra(kind, field).get('choices', {}).get(value, value)}”"


def _extra(kind: type[Settings], field: str) -> dict[str, Any]:
    extra = kind.model_fields[field].json_schema_extra
    return extra if isinstance(extra, dict) else {}


def _quote_label(kind: type[Settings], field: str) -> str:
    return f"“{label(kind, field)}”"


@functools.cache
def _phrases() -> dict[str, str]:
    """Phrases of the engine's messages, each with its replacement.

    They name values of settings as a recipe does, or what only a command line or the machine's owner can do.
    """
    export, model_page = "Export the model again", "on the Model page"
    return {
        "match to logits": f"{_quote_label(Distill, 'match')} to {choice(Distill, 'match', 'logits')}",
        "match is features": f"{_quote_label(Distill, 'match')} is {choice(Distill, 'match', 'features')}",
        "importance: l2": f"{_quote_label(PruneChannel, 'importance')}: {choice(PruneChannel, 'importance', 'l2')}",
        "in its place (goal)": f"in its place ({_quote_label(PruneChannel, 'goal')})",
        "rounds: 1": f"{_quote_label(PruneChannel, 'rounds')}: 1",
        "choose weights: random or a local weights file": f"choose random weights or a file of your own {model_page}",
        "set HF_HOME to a cache that has them, or ": "or ",
        ", or set HF_HOME to a folder that can be written": "",
        "Accept them there and log in with hf auth login, or choose another": "Choose another",
        "which is hf_hub:owner/name": "which is owner/name",
        " (or set preprocess)": "",
        " (data.kind: arrays)": "",
        " (data.kind: images)": "",
        ", or no data (data: null) for synthetic inputs": ", or take random inputs",
        ", or compare all outputs with the baseline's (model.task: tensors)": "",
        " (goal_value: the largest file in MB)": "",
        " (goal_value: a share, such as 0.5)": "",
        " (goal_value: a share of less than 1)": "",
        " (with pattern 2:4 leave ratio out)": "",
        " (to 1 in a recipe)": "",
        ", or correct its sum (weights_sha256)": "",
        ", or correct its sum": "",
        ", or give their path": "",
        "Upload the file, or use the command line": "Upload the file",
        "give it as the weights of its architecture: in a recipe, model: {kind: timm, name: ARCHITECTURE, "
        "weights: FILE}; in the browser, choose it": "choose it",
        ", or on the command line put what is missing beside it": "",
        "Check the path": "Choose or upload it again",
        "Check its permissions": ASK_OPERATOR,
        "Give the path of the file itself": "Choose the file itself",
        "if it lasts, end the process that holds it": "if it lasts, ask whoever runs this app to look into it",
        "Move the file away: the list is made again from the job folders": ASK_OPERATOR,
        ", or raise the limit (ulimit -f)": "",
        "Choose one of these as the target's provider": "Name one of these in the recipe, and open it again",
        "Check the file with `python -m engine inspect`": export,
        "Make it writable, or set FEATHERWEIGHT_HOME to another folder": ASK_OPERATOR,
        "Make the home folder writable, or set FEATHERWEIGHT_HOME to another": ASK_OPERATOR,
        "FEATHERWEIGHT_DATABASE_URL is not a database URL": "the address of the app's database is none",
        "Unset it, or set it to sqlite:///FILE or postgresql://...": ASK_OPERATOR,
        "Unset FEATHERWEIGHT_DATABASE_URL, or set it to sqlite:///FILE or postgresql://...": ASK_OPERATOR,
        "Check FEATHERWEIGHT_DATABASE_URL": ASK_OPERATOR,
        "Add it to FEATHERWEIGHT_EXPORT_TO where the server is started, or use the command line": (
            "Ask whoever runs this app to allow it"
        ),
        ", or the credentials in the environment (AWS_ACCESS_KEY_ID and the like)": ", or ask whoever runs this app",
        **dict.fromkeys(
            (
                "Check the address, the network and the credentials in the environment "
                "(AWS_ACCESS_KEY_ID and the like)",
                "Check the address, the network, and the credentials in MLFLOW_TRACKING_USERNAME and the like",
                "Check the network, and HF_ENDPOINT if it is set",
                "pip install --editable '.[mlflow]'",
                "pip install --editable '.[s3]'",
            ),
            ASK_OPERATOR,
        ),
        "HF_HUB_OFFLINE forbids to reach": "this app may not reach",
        "Name a variant by its id": "Choose a variant",
        "Choose another --port": ASK_OPERATOR,
        "Make one with: python -m engine bundle RUN --out FILE": "Make one on the page Ship",
        ", or set target.runtime to openvino": ", or choose OpenVINO as the runtime",
        ", credentials belong in MLFLOW_TRACKING_USERNAME and the like": "",
        "Run pip install 'psycopg[binary]', or unset FEATHERWEIGHT_DATABASE_URL": ASK_OPERATOR,
    }


@functools.cache
def _keys() -> dict[str, str]:
    """Every key of a recipe that a message may name, with its label and its page."""
    names = dict(OTHER_KEYS)
    for prefix, kind, fields, page in SECTIONS:
        where = f" on the {page} page" if page else ""
        names |= {f"{prefix}{field}": f"{_quote_label(kind, field)}{where}" for field in fields}
    names |= {kind.model_fields["technique"].default: kind.title for kind in (Finetune, Distill, Qat)}
    return names


@functools.cache
def _pattern() -> re.Pattern[str]:
    keys = "|".join(re.escape(key) for key in sorted(_keys(), key=len, reverse=True))
    return re.compile(rf"(?<!\w)'(?P<quoted>[^']*)'(?!\w)|(?<![\w.])(?P<key>{keys})(?![\w.]\w|\w)")


def _replacement(match: re.Match[str]) -> str:
    return _keys().get(match["quoted"] if match["key"] is None else match["key"], match[0])
