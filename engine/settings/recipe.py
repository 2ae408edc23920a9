"""The recipe: the whole request of a run, and its file."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import model_validator

from engine.errors import SettingsError
from engine.settings.base import Settings, setting
from engine.settings.class_list import read_class_list
from engine.settings.data import ArraysData, DataSource, ImagesData, Preprocess, SampleData, Split
from engine.settings.model import LOCAL_PREFIX, FileModel, ModelSource, TimmModel
from engine.settings.rules import ChainInputs, refusals
from engine.settings.target import Budget, Goal, Target
from engine.settings.techniques import Step
from engine.settings.training import Finetune

MAX_RECIPE_BYTES = 1_000_000


class Recipe(Settings):
    """Model, data, target, budget, goal and the chains of steps to try."""

    version: Literal[1] = 1
    name: str = setting("untitled", help="What the run is called.", min_length=1, max_length=120)
    model: ModelSource
    data: DataSource | None = None
    split: Split = Split()
    preprocess: Preprocess | None = None
    target: Target = Target()
    budget: Budget = Budget()
    goal: Goal = setting("latency", help="What is to be made small (throughput: large).")
    seed: int = setting(0, help="Seeds every random choice.", ge=0, le=2**31 - 1)
    steps: tuple[Step, ...] | None = setting(None, help="One chain.", max_length=20)
    branches: tuple[tuple[Step, ...], ...] | None = setting(None, help="Several chains.", min_length=1, max_length=20)

    @property
    def chains(self) -> tuple[tuple[Step, ...], ...]:
        """Every chain to try; one empty chain where only the baseline is measured."""
        return self.branches if self.branches is not None else (self.steps or (),)

    @property
    def baseline_steps(self) -> tuple[Step, ...]:
        """The leading fine-tune that all chains share, which makes the baseline; empty where there is none."""
        heads = {chain[:1] for chain in self.chains}
        if len(heads) == 1:
            (head,) = heads
            if head and isinstance(head[0], Finetune):
                return head
        return ()

    @property
    def trains(self) -> bool:
        return any(step.trains for chain in self.chains for step in chain)

    @property
    def races(self) -> bool:
        """Whether a step of it races candidates against each other."""
        return any(step.finalists > 0 for chain in self.chains for step in chain)

    @model_validator(mode="after")
    def _one_list_of_steps(self) -> Self:
        if self.steps is not None and self.branches is not None:
            raise ValueError("steps and branches are both given, a recipe has one or the other")
        return self

    @model_validator(mode="after")
    def _steps_fit_their_chain(self) -> Self:
        inputs = ChainInputs.of(self.model, self.data)
        for reason in (reason for chain in self.chains for reason in refusals(chain, inputs) if reason):
            raise ValueError(reason)
        return self

    @model_validator(mode="after")
    def _classes_need_labels(self) -> Self:
        labelled = isinstance(self.data, ArraysData) or (self.data is not None and self.data.labelled)
        if self.budget.max_class_drop is not None and not labelled:
            raise ValueError(
                "budget.max_class_drop needs labelled images, and these have no labels; leave it empty, or give labels"
            )
        return self

    @model_validator(mode="after")
    def _sample_split_is_fixed(self) -> Self:
        if isinstance(self.data, SampleData) and self.split != Split():
            raise ValueError(
                "the sample's split is fixed by its card (0.6 train, 0.1 calibration, 0.3 evaluation); leave split out"
                if self.data.name == "digits"
                else "the split of the photos is fixed, with all crops of a photo in one part; leave split out"
            )
        return self


def parse_recipe(text: str) -> Recipe:
    """A recipe from YAML or JSON text. Raises SettingsError that names what is wrong."""
    return Recipe.parse(_values(text))


def _values(text: str) -> dict[str, Any]:
    """The keys of a recipe and their values, as they are written. Raises SettingsError."""
    if len(text.encode()) > MAX_RECIPE_BYTES:
        raise SettingsError(f"the recipe is larger than {MAX_RECIPE_BYTES // 1000} kB", "Open a recipe file")
    try:
        values: Any = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark else ""
        raise SettingsError(f"the recipe is not valid YAML or JSON{line}", "Correct it and try again") from error
    if not isinstance(values, dict):
        raise SettingsError(
            "the recipe is not a mapping of keys to values", "Start from a recipe that the Optimize page shows"
        )
    return {str(key): value for key, value in values.items()}


def load_recipe(path: str | Path) -> Recipe:
    """A recipe file, its relative paths made absolute from the file's folder. Raises SettingsError.

    Where `data.classes` is the path of a class list, its names take the place of that. Raises DataError where it is
    none.
    """
    try:
        with Path(path).open("rb") as file:
            text = file.read(MAX_RECIPE_BYTES + 1).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"the recipe '{path}' cannot be read: {_reason(error)}", "Check the path") from error
    folder, values = Path(path).parent.resolve(), _values(text)
    data = values.get("data")
    if isinstance(data, dict) and isinstance(data.get("classes"), str):
        values["data"] = data | {"classes": read_class_list(Path(_absolute(folder, data["classes"])))}
    return absolute_paths(Recipe.parse(values), folder)


def absolute_paths(recipe: Recipe, folder: Path) -> Recipe:
    """The recipe with absolute paths: relative ones are in `folder`, ~ is the user's home."""
    return _with_paths(recipe, lambda path: _absolute(folder, path))


def without_folders(recipe: Recipe) -> Recipe:
    """The recipe with the names of its files alone, for others than this machine's users; their sums stay."""
    return _with_paths(recipe, lambda path: Path(path).name or path)


def _with_paths(recipe: Recipe, change: Callable[[str], str]) -> Recipe:
    """The recipe with `change` applied to the path of every file that it names."""
    model, data = _model_with_paths(recipe.model, change), recipe.data
    if isinstance(data, ImagesData):
        changes = {"path": change(data.path)} if data.path is not None else {}
        if data.has_label_file:
            changes["labels"] = change(data.labels)
        data = data.model_copy(update=changes)
    elif isinstance(data, ArraysData) and data.path is not None:
        data = data.model_copy(update={"path": change(data.path)})
    resolved = recipe.model_copy(update={"model": model, "data": data})
    return with_sources(resolved, lambda source: _model_with_paths(source, change))


def with_sources(recipe: Recipe, change: Callable[[ModelSource], ModelSource]) -> Recipe:
    """The recipe with `change` applied to every model that its steps name: teachers, and networks of their own."""
    chains = tuple(tuple(_with_models(step, change) for step in chain) for chain in recipe.chains)
    return recipe.model_copy(
        update={"branches": chains}
        if recipe.branches is not None
        else {"steps": None if recipe.steps is None else chains[0]}
    )


def _with_models(step: Step, change: Callable[[ModelSource], ModelSource]) -> Step:
    step = step.with_source(change)
    if step.new_architecture is None:
        return step
    new = change(TimmModel.parse({"name": step.new_architecture, "weights": step.new_weights}))
    return step.with_new_architecture(new.name) if isinstance(new, TimmModel) else step


def _model_with_paths(source: ModelSource, change: Callable[[str], str]) -> ModelSource:
    if isinstance(source, FileModel) and source.path is not None:
        return source.model_copy(update={"path": change(source.path)})
    if isinstance(source, TimmModel):
        changes = {}
        if source.local_dir is not None:
            changes["name"] = LOCAL_PREFIX + change(str(source.local_dir))
        if source.weights_path is not None:
            changes["weights"] = change(source.weights_path)
        return source.model_copy(update=changes)
    return source


def _absolute(folder: Path, path: str) -> str:
    """The absolute path; ~ is the user's home, or a plain name in `folder` where there is no such user."""
    with contextlib.suppress(RuntimeError):
        return str(folder / Path(path).expanduser())
    return str(folder / path)


def dump_recipe(recipe: Recipe) -> str:
    """The recipe as YAML with every default written out; parse_recipe reads it back to an equal recipe."""
    values = recipe.model_dump(mode="json")
    values.pop("steps" if recipe.branches is not None else "branches")
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True)


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "it is not UTF-8 text"
