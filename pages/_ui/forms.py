"""Draws any settings class from its fields: range, default, unit, words and help are declared there, nowhere else."""

import math
import re
import types
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar, Union, get_args, get_origin

import streamlit as st
from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo
from streamlit.delta_generator import DeltaGenerator

from engine import Settings
from pages._ui import state
from pages._ui.browser_terms import in_browser_words
from pages._ui.wording import plain, sentence

S = TypeVar("S", bound=Settings)
AUTOMATIC = "automatic"
SEPARATORS = re.compile(r"[,\n]")
MOST_BUTTONS = 4
BOUNDS = ((Ge, "ge", "at least"), (Gt, "gt", "above"), (Le, "le", "at most"), (Lt, "lt", "below"))


@dataclass(frozen=True)
class Drawn:
    """A field that its caller drew: its value, what it was called there, and what its unit is a share of."""

    value: Any
    label: str = ""
    factor: int = 1


@dataclass(frozen=True)
class Filled(Generic[S]):
    """What a form says. Where `problems` names fields that are wrong, the settings are as they were before."""

    settings: S
    problems: tuple[str, ...] = ()


def form(
    kind: type[S],
    name: str,
    current: S,
    *,
    only: Collection[str] = (),
    without: Collection[str] = (),
    drawn: Mapping[str, Drawn] | None = None,
    limits: Mapping[str, int] | None = None,
) -> Filled[S]:
    """The settings as the widgets say; expert fields are folded away, and what is wrong stands beside its field.

    `only` restricts the fields and `without` leaves some as they are; `drawn` has those that the caller draws itself.
    `limits` lowers a maximum by what this machine can do.
    """
    others = drawn or {}
    elsewhere = {*without, *others}
    wanted = {f: info for f, info in kind.model_fields.items() if (f in only if only else _choosable(info))}
    fields = {f: info for f, info in wanted.items() if f not in elsewhere}
    expert = {f: info for f, info in fields.items() if _extra(info).get("expert") and not only}
    values, slots = {**current.model_dump(), **{f: one.value for f, one in others.items()}}, {}
    with st.grid(2, min_column_width=190):
        _draw({f: info for f, info in fields.items() if f not in expert}, name, values, slots)
    if expert:
        with st.expander("Expert settings", icon=":material/tune:"), st.grid(2, min_column_width=190):
            _draw(expert, name, values, slots)
    wrong = _problems(kind, fields, others, values, limits or {})
    for field, text in wrong.items():
        (slots.get(field) or st.container()).markdown(f":red[:material/error: {plain(text)}]")
    if wrong:
        labels = {f: one.label for f, one in others.items() if one.label}
        names = (labels.get(field) or (label_of(kind, field) if field else wrong[field]) for field in wrong)
        return Filled(current, tuple(names))
    return Filled(kind.parse(values))


def label_of(kind: type[Settings], field: str) -> str:
    """What a page calls a field, with its unit: Latency, at most, ms."""
    return _label(kind.model_fields[field], field)


def choices_of(kind: type[Settings], field: str) -> dict[Any, str]:
    """The values that a field may have, with what a page calls them."""
    inner, _ = _unwrap(kind.model_fields[field].annotation)
    words = _extra(kind.model_fields[field]).get("choices", {})
    return {value: words.get(value, str(value)) for value in get_args(inner)}


def _draw(fields: Mapping[str, FieldInfo], name: str, values: dict[str, Any], slots: dict[str, DeltaGenerator]) -> None:
    """A widget a field, with room for what may be wrong with it; what they say goes into `values`."""
    for field, info in fields.items():
        with st.container(gap="xxsmall"):
            values[field] = _widget(info, field, f"{name}.{field}", values[field])
            slots[field] = st.empty()


def _problems(
    kind: type[Settings],
    fields: Mapping[str, FieldInfo],
    drawn: Mapping[str, Drawn],
    values: Mapping[str, Any],
    limits: Mapping[str, int],
) -> dict[str, str]:
    """What is wrong, a sentence by field. Of a number whose range is declared the sentence is in the form's unit."""
    factors = {f: _factor(info) for f, info in fields.items()} | {f: one.factor for f, one in drawn.items()}
    wrong = {
        field: (_out_of_range(kind.model_fields[field], values[field], factors[field]) if field in factors else "")
        or sentence(in_browser_words(text))
        for field, text in kind.problems(values).items()
    }
    over = {field: limit for field, limit in limits.items() if (values[field] or 0) > limit}
    return {f: f"{values[f]:,} is not possible: this machine has {limit}." for f, limit in over.items()} | wrong


def _out_of_range(info: FieldInfo, value: Any, factor: int) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    bounds = _bounds(info, factor)
    return f"{_scaled(value, factor):,.10g} is not possible: {bounds}." if number and bounds else ""


def _choosable(info: FieldInfo) -> bool:
    """A constant, like the name of the technique, is not a choice; what no widget can say stays as a recipe has it."""
    inner, _ = _unwrap(info.annotation)
    if get_origin(inner) is Literal:
        return len(get_args(inner)) > 1
    return inner in (bool, int, float, str) or get_args(inner) == (str, ...)


def _extra(info: FieldInfo) -> dict[str, Any]:
    return info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}


def _label(info: FieldInfo, field: str) -> str:
    extra = _extra(info)
    label, unit = str(extra.get("label", field)), str(extra.get("percent", extra.get("unit", "")))
    return f"{label}, {unit}" if unit and unit not in label.lower() else label


def _widget(info: FieldInfo, field: str, name: str, value: Any) -> Any:
    inner, optional = _unwrap(info.annotation)
    label, key, help = _label(info, field), state.key(name), _help(info)
    if get_origin(inner) is Literal:
        options = [*([AUTOMATIC] if optional else []), *get_args(inner)]
        words = _extra(info).get("choices", {})
        answer = _choice(label, options, AUTOMATIC if value is None else value, key, help, words)
        return None if optional and answer == AUTOMATIC else answer
    if inner is bool:
        if not optional:
            return st.toggle(label, value=value, key=key, help=help)
        answers = {AUTOMATIC: None, "yes": True, "no": False}
        shown = next(answer for answer, meant in answers.items() if meant is value)
        return answers[_choice(label, list(answers), shown, key, help, {})]
    if inner in (int, float):
        return _number(label, info, inner, value, name, optional)
    if get_origin(inner) is tuple:
        return _names(label, info, value, key)
    return st.text_input(label, value=value or "", key=key, help=help) or (None if optional else "")


def _empty(info: FieldInfo) -> str:
    """What leaving a field empty means: its help says so where the engine then chooses; else it is a limit less."""
    return AUTOMATIC if "if empty" in (info.description or "") else "no limit"


def _unwrap(annotation: Any) -> tuple[Any, bool]:
    """The type without None, and whether None was allowed."""
    if get_origin(annotation) in (Union, types.UnionType):
        inner = [part for part in get_args(annotation) if part is not type(None)]
        return inner[0], len(inner) < len(get_args(annotation))
    return annotation, False


def _choice(label: str, options: list[Any], value: Any, key: str, help: str, words: Mapping[str, str]) -> Any:
    named = {"key": key, "help": help, "format_func": lambda option: words.get(option, str(option))}
    if len(options) <= MOST_BUTTONS:
        return st.segmented_control(label, options, default=value, required=True, wrap=True, **named)
    return st.selectbox(label, options, index=options.index(value), **named)


def _names(label: str, info: FieldInfo, value: tuple[str, ...], key: str) -> tuple[str, ...]:
    """Names, one a line or with commas between them; as they are while nobody changes their text."""
    shown = "\n".join(value)
    nothing = AUTOMATIC if _empty(info) == AUTOMATIC else "none"
    text = (
        st.text_area(
            label,
            value=shown,
            key=key,
            height=82,
            placeholder=nothing,
            help=f"{_help(info)} One a line, or with commas between them.",
        )
        or ""
    )
    return value if text == shown else tuple(name for part in SEPARATORS.split(text) if (name := part.strip()))


def _number(label: str, info: FieldInfo, kind: type, value: Any, name: str, optional: bool) -> Any:
    """Without limits of its own: a browser keeps a number that is out of them to itself, and nobody would know."""
    shown = None if value is None else _shown(info, value)
    step = 1 if kind is int else _step(_typical(info, value)) * _factor(info)
    drawn = {"step": step, "format": None if kind is int else "%.10g", "help": _help(info)}
    if optional:
        answer = st.number_input(label, value=None, key=state.seeded(name, shown), placeholder=_empty(info), **drawn)
    else:
        answer = st.number_input(label, value=shown, key=state.key(name), **drawn)
    return None if answer is None else _meant(info, answer)


def _factor(info: FieldInfo) -> int:
    return 100 if "percent" in _extra(info) else 1


def _shown(info: FieldInfo, value: float) -> float:
    """A value as its form shows it; a share in hundredths, without the last bits that a product adds."""
    return _scaled(value, _factor(info))


def _scaled(value: float, factor: int) -> float:
    return value if factor == 1 else round(value * factor, 10)


def _meant(info: FieldInfo, shown: float) -> float:
    return shown if _factor(info) == 1 else round(shown / _factor(info), 12)


def _typical(info: FieldInfo, value: float | None) -> float | None:
    if isinstance(info.default, float):
        return info.default
    return value or next(iter(info.examples or ()), None)


def _step(value: float | None) -> float:
    """A tenth of the value's power of ten, so that two clicks change it visibly and none leaps."""
    return 10.0 ** math.floor(math.log10(value)) if value else 0.01


def _help(info: FieldInfo) -> str:
    """The declared help with the allowed range, which says whether its ends belong to it."""
    return " ".join(part for part in (info.description, sentence(_bounds(info, _factor(info)))) if part)


def _bounds(info: FieldInfo, factor: int) -> str:
    """The allowed range in words and in the form's unit: at least 1, at most 1,000."""
    return ", ".join(
        f"{word} {_scaled(getattr(limit, name), factor):,.10g}"
        for limit in info.metadata
        for kind, name, word in BOUNDS
        if isinstance(limit, kind)
    )
