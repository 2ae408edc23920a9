"""Fields that may be empty can be emptied."""

import ast
from pathlib import Path

import pages

FOLDER = Path(pages.__path__[0])


def optional_fields():
    """The calls of `number_input` for a field that says that it may be empty, with the values that they begin with."""
    for path in sorted(FOLDER.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "number_input":
                values = {word.arg: ast.unparse(word.value) for word in call.keywords}
                if "placeholder" in values or "(optional)" in ast.unparse(call.args[0]):
                    yield f"{path.relative_to(FOLDER)}:{call.lineno}", values.get("value")


def test_a_field_that_may_be_empty_has_no_default_which_the_browser_puts_back_where_it_is_emptied():
    fields = dict(optional_fields())
    assert len(fields) > 8
    assert {place for place, value in fields.items() if value != "None"} == set()
