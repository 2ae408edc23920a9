"""Draws the form of any settings class: range, default, unit, label and help are declared by its fields alone."""

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
from pages._ui import number_list, state
from pages._ui.browser_terms import in_browser_terms
from pages._ui.wording import plain, sentence

S = TypeVar("S", bound=Settings)
AUTOMATIC = "automatic"
SEPARATORS = re.compile(r"[,\n]")
MAX_BUTTONS = 4
BOUNDS = ((Ge, "ge", "at least"), (Gt, "gt", "above"), (Le, "le", "at most"), (Lt, "lt", "below"))


@dataclass(frozen=True)
class CallerField:
    """The value of a field that the caller draws, the caller's label, and the factor of its unit (100: percent)."""

    value: Any
    label: str = ""
    factor: int = 1


@dataclass(frozen=True)
class FormResult(Generic[S]):
    """The settings of a form. Where `problems` names fields that are wrong, they are the last ones that were valid."""

    settings: S
    problems: tuple[str, ...] = ()


def form(
    kind: type[S],
    name: str,
    current: S,
    *,
    only: Collection[str] = (),
    without: Collection[str] = (),
    caller_fields: Mapping[str, CallerField] | None = None,
    limits: Mapping[str, int] | None = None,
) -> FormResult[S]:
    """Draws a form and returns its settings.

    Expert fields are folded away, and a message on a wrong value is shown beside its field. `only` restricts the form
    to some fields, and the fields of `without` keep their values. `caller_fields` holds the fields that the caller
    draws itself. `limits` lowers the maximum of a field to what this machine can do.
    """
    others = caller_fields or {}
    choosable = {f: info for f, info in kind.model_fields.items() if (f in only if only else _choosable(info))}
    fields = {f: info for f, info in choosable.items() if f not in {*without, *others}}
    expert = {f: info for f, info in fields.items() if _extra(info).get("expert") and not only}
    values, slots = {**current.model_dump(), **{f: one.value for f, one in others.items()}}, {}
    with st.grid(2, min_column_width=190):
        _draw({f: info for f, info in fields.items() if f not in expert}, name, values, slots)
    if expert:
        with st.expander("Expert settings", icon=":material/tune:"), st.grid(2, min_column_width=190):
            _draw(expert, name, values, slots)
    problems = _problems(kind, fields, others, values, limits or {})
    for field, text in problems.items():
        (slots.get(field) or st.container()).markdown(f":red[:material/error: {plain(text)}]")
    if problems:
        labels = {f: one.label for f, one in others.items() if one.label}
        names = (labels.get(field) or (label_of(kind, field) if field else problems[field]) for field in problems)
        return FormResult(current, tuple(names))
    return FormResult(kind.parse(values))


def label_of(kind: type[Settings], field: str) -> str:
    """The label of a field with its unit: Latency, at most, ms."""
    return _label(kind.model_fields[field], field)


def choices_of(kind: type[Settings], field: str) -> dict[Any, str]:
    """The values that a field may have, each with its label."""
    inner, _ = _unwrap(kind.model_fields[field].annotation)
    labels = _extra(kind.model_fields[field]).get("choices", {})
    return {value: labels.get(value, str(value)) for value in get_args(inner)}


def _draw(fields: Mapping[str, FieldInfo], name: str, values: dict[str, Any], slots: dict[str, DeltaGenerator]) -> None:
    """Draws a widget for each field and a slot for its message; writes what the widgets say into `values`."""
    for field, info in fields.items():
        with st.container(gap="xxsmall"):
            values[field] = _widget(info, field, f"{name}.{field}", values[field])
            slots[field] = st.empty()


def _problems(
    kind: type[Settings],
    fields: Mapping[str, FieldInfo],
    caller_fields: Mapping[str, CallerField],
    values: Mapping[str, Any],
    limits: Mapping[str, int],
) -> dict[str, str]:
    """A sentence for each field that is wrong. On a number with a declared range it is in the unit of the form."""
    factors = {f: _factor(info) for f, info in fields.items()} | {f: one.factor for f, one in caller_fields.items()}
    invalid = {
        field: (_out_of_range(kind.model_fields[field], values[field], factors[field]) if field in factors else "")
        or sentence(in_browser_terms(_without_key(kind, field, text)))
        for field, text in kind.problems(values).items()
    }
    over_limit = {field: limit for field, limit in limits.items() if (values[field] or 0) > limit}
    return {f: f"{values[f]:,} is not possible: this machine has {limit}." for f, limit in over_limit.items()} | invalid


def _out_of_range(info: FieldInfo, value: Any, factor: int) -> str:
    """A sentence on a number whose range is declared; empty for any other value."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    bounds = _bounds(info, factor)
    return f"{_scale(value, factor):,.10g} is not possible: {bounds}." if is_number and bounds else ""


def _without_key(kind: type[Settings], field: str, text: str) -> str:
    """A message beside a field of several numbers does not name the entry by its key."""
    is_list = (
        field in kind.model_fields and number_list.count(_unwrap(kind.model_fields[field].annotation)[0]) is not None
    )
    return number_list.without_key(text) if is_list else text


def _choosable(info: FieldInfo) -> bool:
    """Whether a form can draw this field.

    A constant, such as the name of the technique, is no choice. A type that no widget can express keeps the value
    that the recipe has.
    """
    inner, _ = _unwrap(info.annotation)
    if get_origin(inner) is Literal:
        return len(get_args(inner)) > 1
    return inner in (bool, int, float, str) or get_args(inner) == (str, ...) or number_list.count(inner) is not None


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
        labels = _extra(info).get("choices", {})
        choice = _choice(label, options, AUTOMATIC if value is None else value, key, help, labels)
        return None if optional and choice == AUTOMATIC else choice
    if inner is bool:
        if not optional:
            return st.toggle(label, value=value, key=key, help=help)
        values = {AUTOMATIC: None, "yes": True, "no": False}
        current = next(option for option, one in values.items() if one is value)
        return values[_choice(label, list(values), current, key, help, {})]
    if inner in (int, float):
        return _number(label, info, inner, value, name, optional)
    if number_list.count(inner) is not None:
        return number_list.field(label, info.description or "", inner, value, key, optional=optional)
    if get_origin(inner) is tuple:
        return _names(label, info, value, key)
    return st.text_input(label, value=value or "", key=key, help=help) or (None if optional else "")


def _empty(info: FieldInfo) -> str:
    """The placeholder of an empty field: automatic where its help says that the engine chooses, else no limit."""
    return AUTOMATIC if "if empty" in (info.description or "") else "no limit"


def _unwrap(annotation: Any) -> tuple[Any, bool]:
    """The type without None, and whether None is allowed."""
    if get_origin(annotation) in (Union, types.UnionType):
        inner = [part for part in get_args(annotation) if part is not type(None)]
        return inner[0], len(inner) < len(get_args(annotation))
    return annotation, False


def _choice(label: str, options: list[Any], value: Any, key: str, help: str, labels: Mapping[str, str]) -> Any:
    """Buttons where the options are few, else a menu."""
    arguments = {"key": key, "help": help, "format_func": lambda option: labels.get(option, str(option))}
    if len(options) <= MAX_BUTTONS:
        return st.segmented_control(label, options, default=value, required=True, wrap=True, **arguments)
    return st.selectbox(label, options, index=options.index(value), **arguments)


def _names(label: str, info: FieldInfo, value: tuple[str, ...], key: str) -> tuple[str, ...]:
    """A field of names, one a line or with commas between them; `value` as it is while its text is not changed."""
    initial = "\n".join(value)
    placeholder = AUTOMATIC if _empty(info) == AUTOMATIC else "none"
    text = (
        st.text_area(
            label,
            value=initial,
            key=key,
            height=82,
            placeholder=placeholder,
            help=f"{_help(info)} One a line, or with commas between them.",
        )
        or ""
    )
    return value if text == initial else tuple(name for part in SEPARATORS.split(text) if (name := part.strip()))


def _number(label: str, info: FieldInfo, kind: type, value: Any, name: str, optional: bool) -> Any:
    """A number in the unit of the form.

    The widget gets no limits: a browser does not send a number that is out of them, and no message could be shown.
    """
    initial = None if value is None else _to_display(info, value)
    step = 1 if kind is int else _step(_typical(info, value)) * _factor(info)
    arguments = {"step": step, "format": None if kind is int else "%.10g", "help": _help(info)}
    if optional:
        number = st.number_input(
            label, value=None, key=state.seeded_key(name, initial), placeholder=_empty(info), **arguments
        )
    else:
        number = st.number_input(label, value=initial, key=state.key(name), **arguments)
    return None if number is None else _from_display(info, number)


def _factor(info: FieldInfo) -> int:
    return 100 if "percent" in _extra(info) else 1


def _to_display(info: FieldInfo, value: float) -> float:
    """A value in the unit of its form: a share in percent, without the last bits that a product adds."""
    return _scale(value, _factor(info))


def _scale(value: float, factor: int) -> float:
    return value if factor == 1 else round(value * factor, 10)


def _from_display(info: FieldInfo, number: float) -> float:
    return number if _factor(info) == 1 else round(number / _factor(info), 12)


def _typical(info: FieldInfo, value: float | None) -> float | None:
    if isinstance(info.default, float):
        return info.default
    return value or next(iter(info.examples or ()), None)


def _step(value: float | None) -> float:
    """The step of a number's buttons: the power of ten below the value."""
    return 10.0 ** math.floor(math.log10(value)) if value else 0.01


def _help(info: FieldInfo) -> str:
    """The declared help with the allowed range."""
    return " ".join(part for part in (info.description, sentence(_bounds(info, _factor(info)))) if part)


def _bounds(info: FieldInfo, factor: int) -> str:
    """The allowed range in the unit of the form, ends included or not: at least 1, below 1,000."""
    return ", ".join(
        f"{relation} {_scale(getattr(limit, name), factor):,.10g}"
        for limit in info.metadata
        for kind, name, relation in BOUNDS
        if isinstance(limit, kind)
    )
