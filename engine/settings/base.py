"""What all settings share: frozen, unknown keys refused by name, one declaration of range, default, unit and help."""

import reprlib
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from engine.errors import SettingsError


class Settings(BaseModel):
    """Base of every settings class: immutable, keyword-only, JSON both ways."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """Validate plain values. Raises SettingsError that names every wrong key."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise settings_error(error, values) from error

    @classmethod
    def problems(cls, values: Mapping[str, Any]) -> dict[str, str]:
        """The errors in plain values as sentences by field; under "" the error of several fields together."""
        try:
            cls.model_validate(values)
        except ValidationError as error:
            details = error.errors(include_url=False)
            return {str(detail["loc"][0]) if detail["loc"] else "": _sentence(detail, values) for detail in details}
        return {}


MAX_PROBLEMS = 8
BOUNDS = {"greater_than": "gt", "greater_than_equal": "ge", "less_than": "lt", "less_than_equal": "le"}
"""From pydantic's error types about ranges to the name of the bound in a field's declaration."""
BOUND_PHRASES = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}
ALLOWED = {
    "literal_error": "{expected}",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "text (write it in quotes)",
    "string_too_short": "text, at least {min_length} long",
    "string_too_long": "text, at most {max_length} characters long",
    "string_pattern_mismatch": "text like {pattern}",
    "tuple_type": "a list",
    "too_short": "a list, at least {min_length} long",
    "too_long": "a list, at most {max_length} long",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
}
"""What must be there instead, by pydantic's error types, in the terms of a recipe."""


def setting(
    default: Any = ...,
    *,
    help: str,
    label: str = "",
    unit: str = "",
    percent: str = "",
    choices: Mapping[Any, str] | None = None,
    expert: bool = False,
    **limits: Any,
) -> Any:
    """A pydantic field with what a form needs; only fields with a ``label`` are drawn.

    ``unit`` is that of the value. ``percent`` ("%", "points") is for shares: the form shows the value times 100 in this
    unit. ``choices`` are the texts for the values of a literal. ``limits`` go to pydantic unchanged (ge, le,
    min_length, ...). The form, the JSON schema and the validation all read this one declaration.
    """
    options = {"label": label, "unit": unit, "percent": percent, "choices": dict(choices or {}), "expert": expert}
    extra: dict[str, Any] = {name: value for name, value in options.items() if value}
    return Field(default, description=help, json_schema_extra=extra or None, **limits)


def settings_error(error: ValidationError, values: Mapping[str, Any]) -> SettingsError:
    """A validation error as sentences: the key in `values`, its value, and what is allowed."""
    details = error.errors(include_url=False)
    problems = [_sentence(detail, values) for detail in details if not _follows(detail, details)]
    distinct = list(dict.fromkeys(problems))
    more = f"; and {len(distinct) - MAX_PROBLEMS} more" if len(distinct) > MAX_PROBLEMS else ""
    return SettingsError("; ".join(distinct[:MAX_PROBLEMS]) + more, "Correct the recipe or the settings and try again")


def _follows(detail: ErrorDetails, details: list[ErrorDetails]) -> bool:
    """Whether a list only counts as too short because its entries are wrong, which have errors of their own."""
    loc = detail["loc"]
    return detail["type"] == "too_short" and any(
        other["loc"][: len(loc)] == loc and len(other["loc"]) > len(loc) for other in details
    )


def _sentence(detail: ErrorDetails, values: Mapping[str, Any]) -> str:
    step_prefix, key = _split_step(_keys(detail, values))
    context = detail.get("ctx", {})
    subject = f"'{key}'" if key else "it"
    match detail["type"]:
        case "extra_forbidden" | "invalid_key":
            message = f"unknown key {subject}"
        case "missing":
            message = f"{subject} is missing"
        case "union_tag_invalid":
            name = ".".join(filter(None, (key, str(context["discriminator"]).strip("'"))))
            message = f"'{name}' is '{context['tag']}', it must be one of {context['expected_tags']}"
        case "union_tag_not_found":
            message = f"{subject} does not say which {context['discriminator']} it is"
        case "value_error":
            message = f"{key}: " * bool(key) + detail["msg"].removeprefix("Value error, ")
        case kind if kind in BOUNDS:
            message = f"{subject} is {_value_text(detail['input'])}, it must be {_range(detail, BOUNDS[kind])}"
        case kind if kind in ALLOWED:
            expected = ALLOWED[kind].format(**{name: _plain(limit) for name, limit in context.items()})
            message = f"{subject} is {_value_text(detail['input'])}, it must be {expected}"
        case _:
            message = f"{subject} is {_value_text(detail['input'])}: {detail['msg']}"
    return step_prefix + message


def _range(detail: ErrorDetails, bound: str) -> str:
    """The range of a number as text.

    The error names the broken bound only. The other end comes from the fields of the same name with the same bound;
    where their ranges differ, the text has that bound alone.
    """
    limit, field = detail["ctx"][bound], detail["loc"][-1]
    declared = [_bounds(kind.model_fields[field]) for kind in _subclasses(Settings) if field in kind.model_fields]
    matching = [bounds for bounds in declared if bounds.get(bound) == limit]
    bounds = matching[0] if matching and all(one == matching[0] for one in matching) else {bound: limit}
    return " and ".join(f"{BOUND_PHRASES[name]} {_plain(value)}" for name, value in bounds.items())


def _bounds(info: FieldInfo) -> dict[str, object]:
    """The bounds that a field declares, the lower one first."""
    return {name: getattr(one, name) for name in BOUND_PHRASES for one in info.metadata if hasattr(one, name)}


def _subclasses(kind: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield kind
    for subclass in kind.__subclasses__():
        yield from _subclasses(subclass)


def _keys(detail: ErrorDetails, values: Mapping[str, Any]) -> list[str]:
    """The keys that lead to the value, as the user wrote them; pydantic's names for members of unions are left out."""
    keys: list[str] = []
    value: Any = values
    parts = detail["loc"]
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        is_missing = detail["type"] == "missing" and last
        if (
            isinstance(value, Mapping)
            and part not in value
            and (part in _string_values(value) or not last)
            and not is_missing
        ):
            continue
        keys.append(str(part))
        value = _item(value, part)
    return keys


def _string_values(values: Mapping[str, Any]) -> list[str]:
    return [value for value in values.values() if isinstance(value, str)]


def _item(values: Any, part: str | int) -> Any:
    try:
        return values[part]
    except (KeyError, IndexError, TypeError):
        return None


def _split_step(keys: list[str]) -> tuple[str, str]:
    """A prefix that names the step, counted from 1 as in a report, and the key within the step."""
    match keys:
        case ["steps", step, *rest]:
            return f"step {int(step) + 1}: ", ".".join(rest)
        case ["branches", chain, step, *rest]:
            return f"chain {int(chain) + 1}, step {int(step) + 1}: ", ".".join(rest)
    return "", ".".join(keys)


def _value_text(value: object) -> str:
    """The value in one short line, however large it is: YAML anchors can make a recipe's values huge."""
    if value is None:
        return "empty"
    return str(value).lower() if isinstance(value, bool | date) else _REPR.repr(value)


def _plain(limit: object) -> object:
    return int(limit) if isinstance(limit, float) and limit.is_integer() else limit


_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = 60
_REPR.maxlevel, _REPR.maxlist, _REPR.maxdict = 2, 3, 3
