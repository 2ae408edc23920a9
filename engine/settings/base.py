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
        """What is wrong with plain values, a sentence by field; by "" what is wrong with several together."""
        try:
            cls.model_validate(values)
        except ValidationError as error:
            details = error.errors(include_url=False)
            return {str(detail["loc"][0]) if detail["loc"] else "": _sentence(detail, values) for detail in details}
        return {}


MAX_PROBLEMS = 8
BOUNDS = {"greater_than": "gt", "greater_than_equal": "ge", "less_than": "lt", "less_than_equal": "le"}
"""What pydantic's errors about a range call the bound that was broken, as a field declares it."""
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
"""What pydantic's errors mean to somebody who writes a recipe."""


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
    """A pydantic field with all that a form needs to know of it; what a form draws has a ``label``.

    ``unit`` is that of the value. Of a share ``percent`` names what a hundredth is called ("%", "points"): the form
    shows a hundred times the value in it. ``choices`` are the words for the values of a literal. ``limits`` go to
    pydantic as they are (ge, le, min_length, ...). The form, the command line's schema and the validation all read this
    one declaration.
    """
    options = {"label": label, "unit": unit, "percent": percent, "choices": dict(choices or {}), "expert": expert}
    extra: dict[str, Any] = {name: value for name, value in options.items() if value}
    return Field(default, description=help, json_schema_extra=extra or None, **limits)


def settings_error(error: ValidationError, values: Mapping[str, Any]) -> SettingsError:
    """A validation error as sentences: where in `values`, what was given, what is allowed."""
    details = error.errors(include_url=False)
    problems = [_sentence(detail, values) for detail in details if not _follows(detail, details)]
    distinct = list(dict.fromkeys(problems))
    more = f"; and {len(distinct) - MAX_PROBLEMS} more" if len(distinct) > MAX_PROBLEMS else ""
    return SettingsError("; ".join(distinct[:MAX_PROBLEMS]) + more, "Correct the recipe or the settings and try again")


def _follows(detail: ErrorDetails, details: list[ErrorDetails]) -> bool:
    """Whether a list is called too short only because its entries are wrong, which is told already."""
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
    """The whole range of a number, by the fields of its name that have the broken bound; that bound alone where these
    have different ranges."""
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
    for one in kind.__subclasses__():
        yield from _subclasses(one)


def _keys(detail: ErrorDetails, values: Mapping[str, Any]) -> list[str]:
    """The way to the value as the user wrote it, without the members of unions that pydantic names in it."""
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
    """Which step it is in, counted from 1 as in a report, and the key in there."""
    match keys:
        case ["steps", step, *rest]:
            return f"step {int(step) + 1}: ", ".".join(rest)
        case ["branches", chain, step, *rest]:
            return f"chain {int(chain) + 1}, step {int(step) + 1}: ", ".".join(rest)
    return "", ".".join(keys)


def _value_text(value: object) -> str:
    """The value in at most a line, also where a recipe's anchors make it grow without end."""
    if value is None:
        return "empty"
    return str(value).lower() if isinstance(value, bool | date) else _REPR.repr(value)


def _plain(limit: object) -> object:
    return int(limit) if isinstance(limit, float) and limit.is_integer() else limit


_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = 60
_REPR.maxlevel, _REPR.maxlist, _REPR.maxdict = 2, 3, 3
