"""Draws any settings class from its fields: range, default, unit and help are declared there and nowhere else."""

import math
import re
import types
from collections.abc import Collection, Mapping
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import streamlit as st
from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo

from engine import Settings
from pages._ui import state
from pages._ui.wording import sentence

S = TypeVar("S", bound=Settings)
AUTOMATIC = "automatic"
SEPARATORS = re.compile(r"[,\n]")
MOST_BUTTONS = 4


def form(
    kind: type[S], name: str, current: S, *, only: Collection[str] = (), without: Collection[str] = (),
    limits: Mapping[str, int] | None = None,
) -> S:  # fmt: skip
    """The settings as the widgets say; expert fields are folded away. Raises SettingsError that names what is wrong.

    `only` restricts the fields, `without` leaves some as they are, which the caller draws itself; `limits` lowers a
    maximum by what this machine can do.
    """
    wanted = {f: info for f, info in kind.model_fields.items() if (f in only if only else _choosable(info))}
    fields = {f: info for f, info in wanted.items() if f not in without}
    values = current.model_dump()
    expert = {field: info for field, info in fields.items() if (_extra(info).get("expert") and not only)}
    with st.grid(2, min_column_width=190):
        for field, info in fields.items():
            if field not in expert:
                values[field] = _widget(info, field, f"{name}.{field}", values[field], (limits or {}).get(field))
    if expert:
        with st.expander("Expert settings", icon=":material/tune:"), st.grid(2, min_column_width=190):
            for field, info in expert.items():
                values[field] = _widget(info, field, f"{name}.{field}", values[field], None)
    return kind.parse(values)


def _choosable(info: FieldInfo) -> bool:
    """A constant, like the name of the technique, is not a choice; what no widget can say stays as a recipe has it."""
    inner, _ = _unwrap(info.annotation)
    if get_origin(inner) is Literal:
        return len(get_args(inner)) > 1
    return inner in (bool, int, float, str) or get_args(inner) == (str, ...)


def _extra(info: FieldInfo) -> dict[str, Any]:
    return info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}


def _widget(info: FieldInfo, field: str, name: str, value: Any, limit: int | None) -> Any:
    inner, optional = _unwrap(info.annotation)
    label = _label(field, _extra(info).get("unit", ""))
    key, help = state.key(name), _help(info)
    if get_origin(inner) is Literal:
        options = [*([AUTOMATIC] if optional else []), *get_args(inner)]
        answer = _choice(label, options, AUTOMATIC if value is None else value, key, help)
        return None if optional and answer == AUTOMATIC else answer
    if inner is bool:
        if not optional:
            return st.toggle(label, value=value, key=key, help=help)
        answers = {AUTOMATIC: None, "yes": True, "no": False}
        shown = next(answer for answer, meant in answers.items() if meant is value)
        return answers[_choice(label, list(answers), shown, key, help)]
    if inner in (int, float):
        return _number(label, info, inner, value, name, optional, limit)
    if get_origin(inner) is tuple:
        return _names(label, info, value, key)
    return st.text_input(label, value=value or "", key=key, help=help) or (None if optional else "")


def _label(field: str, unit: str) -> str:
    """A field's name in words with its unit once: max_latency_ms -> Max latency, ms."""
    words = field.removesuffix(f"_{unit.lower()}").replace("_", " ").capitalize()
    return f"{words}, {unit}" if unit and unit not in words.lower() else words


def _empty(info: FieldInfo) -> str:
    """What leaving a field empty means: its help says so where the engine then chooses; else it is a limit less."""
    return AUTOMATIC if "if empty" in (info.description or "") else "no limit"


def _unwrap(annotation: Any) -> tuple[Any, bool]:
    """The type without None, and whether None was allowed."""
    if get_origin(annotation) in (Union, types.UnionType):
        inner = [part for part in get_args(annotation) if part is not type(None)]
        return inner[0], len(inner) < len(get_args(annotation))
    return annotation, False


def _choice(label: str, options: list[Any], value: Any, key: str, help: str) -> Any:
    if len(options) <= MOST_BUTTONS:
        return st.segmented_control(label, options, default=value, required=True, key=key, help=help, wrap=True)
    return st.selectbox(label, options, index=options.index(value), key=key, help=help)


def _names(label: str, info: FieldInfo, value: tuple[str, ...], key: str) -> tuple[str, ...]:
    """Names, one a line or with commas between them; as they are while nobody changes their text."""
    shown = "\n".join(value)
    nothing = AUTOMATIC if _empty(info) == AUTOMATIC else "none"
    text = st.text_area(label, value=shown, key=key, height=82, placeholder=nothing,
                        help=f"{_help(info)} One a line, or with commas between them.") or ""  # fmt: skip
    return value if text == shown else tuple(name for part in SEPARATORS.split(text) if (name := part.strip()))


def _number(label: str, info: FieldInfo, kind: type, value: Any, name: str, optional: bool, limit: int | None) -> Any:
    low, high = _limits(info)
    if limit is not None:
        high = max(limit, value or 0)  # a value beyond it came with a recipe: it is shown, and the engine refuses it
    step = 1 if kind is int else _step(_typical(info, value))
    bounds = {"min_value": low if low is None else kind(low), "max_value": high if high is None else kind(high)}
    drawn = {"step": step, "format": None if kind is int else "%g", "help": _help(info), **bounds}
    if optional:
        return st.number_input(label, value=None, key=state.seeded(name, value), placeholder=_empty(info), **drawn)
    return st.number_input(label, value=value, key=state.key(name), **drawn)


def _typical(info: FieldInfo, value: float | None) -> float | None:
    if isinstance(info.default, float):
        return info.default
    return value or next(iter(info.examples or ()), None)


def _limits(info: FieldInfo) -> tuple[float | None, float | None]:
    """The smallest and the largest value of a field; an open end is left to the validation."""
    low = next((m.ge if isinstance(m, Ge) else m.gt for m in info.metadata if isinstance(m, Ge | Gt)), None)
    high = next((m.le if isinstance(m, Le) else m.lt for m in info.metadata if isinstance(m, Le | Lt)), None)
    return low, high  # type: ignore[return-value]


def _step(value: float | None) -> float:
    """A tenth of the value's power of ten, so that two clicks change it visibly and none leaps."""
    return 10.0 ** math.floor(math.log10(value)) if value else 0.01


def _help(info: FieldInfo) -> str:
    """The declared help with the allowed range, which says whether its ends belong to it."""
    bounds = [
        f"{word} {getattr(limit, name):g}"
        for limit in info.metadata
        for kind, name, word in (
            (Ge, "ge", "at least"),
            (Gt, "gt", "above"),
            (Le, "le", "at most"),
            (Lt, "lt", "below"),
        )
        if isinstance(limit, kind)
    ]
    return " ".join(part for part in (info.description, sentence(", ".join(bounds))) if part)
