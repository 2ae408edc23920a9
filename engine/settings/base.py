"""What all settings share: frozen, unknown keys refused by name, one declaration of range, default, unit and help."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
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
            raise settings_error(error) from error


def setting(default: Any = ..., *, help: str, unit: str = "", expert: bool = False, **limits: Any) -> Any:
    """A pydantic field that also says its ``unit`` and whether it belongs under "expert".

    ``limits`` go to pydantic as they are (ge, le, min_length, ...). The form, the command line's schema and the
    validation all read this one declaration.
    """
    extra: dict[str, Any] = {}
    if unit:
        extra["unit"] = unit
    if expert:
        extra["expert"] = True
    return Field(default, description=help, json_schema_extra=extra or None, **limits)


def settings_error(error: ValidationError) -> SettingsError:
    """A validation error as sentences: where, what was given, what is allowed."""
    problems = [_sentence(detail) for detail in error.errors(include_url=False)]
    shown = "; ".join(dict.fromkeys(problems))
    return SettingsError(shown, "Correct the recipe or the settings and try again")


def _sentence(detail: ErrorDetails) -> str:
    path = ".".join(str(part) for part in detail["loc"]) or "the recipe"
    given = _shown(detail.get("input"))
    match detail["type"]:
        case "extra_forbidden":
            return f"unknown key '{path}'"
        case "missing":
            return f"'{path}' is missing"
        case "union_tag_invalid":
            context = detail.get("ctx", {})
            found, allowed = context.get("tag"), context.get("expected_tags")
            return f"'{path}' has {context.get('discriminator')} '{found}', allowed: {allowed}"
        case "union_tag_not_found":
            return f"'{path}' does not say which {detail.get('ctx', {}).get('discriminator')} it is"
        case "value_error":
            return f"'{path}': {detail['msg'].removeprefix('Value error, ')}"
    return f"'{path}' is {given}: {detail['msg'][0].lower()}{detail['msg'][1:]}"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
