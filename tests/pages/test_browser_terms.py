"""What a page says of the engine's errors: no key of a recipe, and nothing that a browser cannot do."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import engine.errors as errors
from engine.settings import Settings, Target
from pages._ui.browser_terms import SECTIONS, _phrases, choice, in_browser_terms, label, told
from pages._ui.wording import plain

ROOT = Path(__file__).parents[2]
COMMAND_LINE = ("__main__.py", "cli/", "run/distributed.py", "jobs/foreground.py")
"""What these say never comes to a page."""
ERRORS = {name for name, kind in vars(errors).items() if isinstance(kind, type)} | {"kind", "Refusal"}
"""The classes of errors, and the name of a parameter that is one of them."""
A_SENTENCE = 3
"""From so many words on a text of a function that makes an error is taken to be part of what it says."""


def fields(kind: type[Settings] = Settings) -> set[str]:
    """Every field of every settings class whose name could be no word of a sentence."""
    own = {field for field in kind.model_fields if "_" in field}
    return own.union(*(fields(one) for one in kind.__subclasses__()))


RECIPE_KEY = re.compile(
    rf"\b(?:data|split|preprocess|target|budget)\.[a-z_]+\b|\b(?:{'|'.join(sorted(fields()))})\b|\bpreprocess\b"
)
KEY = re.compile(rf"{RECIPE_KEY.pattern}|\b[A-Z]+_[A-Z_]+\b|--\w+|`")
"""A key of a recipe, a variable of the environment, an option or a command."""


def modules(room: str = "") -> Iterator[ast.Module]:
    """The engine's, or a room's, without those that speak on a command line alone."""
    for path in sorted((ROOT / "engine" / room).rglob("*.py")):
        if not path.relative_to(ROOT / "engine").as_posix().startswith(COMMAND_LINE):
            yield ast.parse(path.read_text())


def given(module: ast.Module, makers: set[str]) -> Iterator[str]:
    """The texts that are given to these classes, themselves or by a name; a value that is put in is an ellipsis."""
    assigned: dict[str, list[ast.expr]] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            assigned.setdefault(node.targets[0].id, []).append(node.value)
    for call in _calls(module, makers):
        for value in (*call.args, *(keyword.value for keyword in call.keywords if keyword.arg != "code")):
            for one in assigned.get(value.id, []) if isinstance(value, ast.Name) else [value]:
                yield from _texts(one)


def around(module: ast.Module, makers: set[str]) -> Iterator[str]:
    """All sentences of functions that make one of these, and of the constants beside them: parts of what they say."""
    making = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef) and any(_calls(node, makers))]
    constants = [line for line in module.body if isinstance(line, ast.Assign | ast.AnnAssign)] if making else []
    for line in (*(line for function in making for line in function.body), *constants):
        yield from (text for text in _texts(line) if len(text.split()) >= A_SENTENCE)


def said_in_errors(room: str = "") -> set[str]:
    """Also of the errors of settings, which pydantic makes of a ValueError."""
    return {
        text for module in modules(room) for find in (given, around) for text in find(module, ERRORS | {"ValueError"})
    }


def _calls(node: ast.AST, makers: set[str]) -> Iterator[ast.Call]:
    return (one for one in ast.walk(node) if isinstance(one, ast.Call) and _called(one) in makers)


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _texts(node: ast.AST) -> Iterator[str]:
    """Every literal text in a piece of code that is no docstring."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield node.value
    else:
        for child in ast.iter_child_nodes(node):
            yield from _texts(child)


def test_the_engine_s_messages_are_found():
    found = said_in_errors()
    assert len(found) > 300
    assert found >= {
        "Raise the share of images for training (split.train)",
        "'…' is not a PyTorch file, or is damaged",
        "the weights of '…' could not be stored: …",
        "Fetch it with git lfs pull",
    }


def test_no_message_of_an_error_names_what_a_browser_does_not_know():
    said = {text: in_browser_terms(text) for text in said_in_errors()}
    assert {text: KEY.findall(words) for text, words in said.items() if KEY.search(words)} == {}


def test_no_note_does_so_in_the_engine_s_own_words():
    """Notes stand on pages as they are."""
    notes = [text for module in modules() for text in given(module, {"Note"})]
    assert len(notes) > 50
    assert [text for text in notes if KEY.search(text)] == []


def test_a_key_of_the_recipe_stands_behind_words_in_parentheses():
    """But where the recipe's own file is at fault, which settings refuse by its keys."""
    outside = {text: re.sub(r"\([^()]*\)", "", text) for text in said_in_errors() - said_in_errors("settings")}
    assert [text for text, words in outside.items() if RECIPE_KEY.search(words)] == []


def test_pages_tell_what_the_engine_says_in_their_own_words():
    """A reason, too, that is no error and no note names keys: that of a precision which a device does not have."""
    raw = re.compile(r"\b(?:plain|sentence)\((?:sentence\()?[\w.]+\.(?:text|reason|message|next)\b")
    pages = {path.relative_to(ROOT).as_posix(): path.read_text() for path in (ROOT / "pages").rglob("*.py")}
    assert {path: raw.findall(text) for path, text in pages.items() if raw.search(text)} == {}
    assert told("it does not compute in bf16 (target.precision)") == (
        f"It does not compute in bf16 \\(“{label(Target, 'precision')}” on the Optimize page\\)\\."
    )


def test_every_phrase_is_still_said():
    whole = "\n".join(said_in_errors())
    assert [phrase for phrase in _phrases() if phrase not in whole] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Raise it (split.train)", "Raise it (“{Split.train}” on the Data page)"),
        ("target.batch_size is 3", "“{Target.batch_size}” on the Optimize page is 3"),
        ("Allow more (budget.minutes), or less", "Allow more (“{Budget.minutes}” on the Optimize page), or less"),
        ("Correct img_size.", "Correct “{TimmModel.img_size}” on the Model page."),
        ("Lower learning_rate", "Lower “{Finetune.learning_rate}”"),
        ("'budget.minutes' is 0", "“{Budget.minutes}” on the Optimize page is 0"),
        ("'batch_size.png' was left out", "'batch_size.png' was left out"),
        (
            "the file 'my learning_rate' and the model's learning_rate",
            "the file 'my learning_rate' and the model's “{Finetune.learning_rate}”",
        ),
        ("a learning_rates and x.learning_rate", "a learning_rates and x.learning_rate"),
        ("step 2 of 3 (finetune) failed after prune", "step 2 of 3 (Fine-tune) failed after prune"),
        ("Upload the file, or use the command line", "Upload the file"),
    ],
)
def test_a_key_becomes_the_label_of_its_form_and_a_quoted_value_stays(text, words):
    kinds = {kind.__name__: kind for _, kind, _, _ in SECTIONS}
    named = re.sub(r"\{(\w+)\.(\w+)\}", lambda found: label(kinds[found[1]], found[2]), words)
    assert in_browser_terms(text) == named


def test_a_field_s_own_label_and_words_come_before_its_name():
    class Own(Settings):
        plain_name: int = 0

    assert label(Own, "plain_name") == "Plain name"
    Own.model_fields["plain_name"].json_schema_extra = {"label": "A label", "choices": {"a": "The first"}}
    assert label(Own, "plain_name") == "A label"
    assert (choice(Own, "plain_name", "a"), choice(Own, "plain_name", "b")) == ("“The first”", "“b”")


def refusals() -> None:
    from pages._ui.guard import show_error

    show_error("the file takes 4 images and target.batch_size is 3", "Upload the file, or use the command line")
    show_error("'budget.minutes' is 0", of_recipe=True)


def test_the_guard_says_it_so_and_of_a_recipe_s_file_in_the_words_of_the_file():
    ours, theirs = AppTest.from_function(refusals).run().error
    size, minutes = (plain(in_browser_terms(key)) for key in ("target.batch_size", "budget.minutes"))
    assert ours.value == f"The file takes 4 images and {size} is 3\\.  \nUpload the file\\."
    assert "budget" not in minutes
    assert theirs.value == r"'budget\.minutes' is 0\."


def test_a_recipe_that_is_opened_and_wrong_is_told_of_by_its_own_keys(app):
    at = app("pages/optimize.py")
    at.file_uploader[0].upload("bad.yaml", b"model: {kind: sample}\nbudget: {minutes: 0}").run()
    assert any(r"'budget\.minutes' is 0" in error.value for error in at.error)
