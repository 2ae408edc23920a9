"""What can be asked here and now: the catalogue and the techniques, this machine, a model."""

from collections.abc import Callable
from pathlib import Path
from typing import cast, get_args

from engine import catalogue
from engine.jobs import foreground
from engine.planning.resolve import resolve_request
from engine.results import (
    Advice,
    CatalogueEntry,
    CheckItem,
    Event,
    Hardware,
    ModelProfile,
    Sensitivity,
    TechniqueInfo,
)
from engine.settings import (
    TECHNIQUES,
    AdviseRequest,
    FileModel,
    HardwareRequest,
    ProfileRequest,
    SensitivityRequest,
)
from engine.store.home import Home
from engine.system.check import check_home

OnEvent = Callable[[Event], None]


def search_models(text: str = "", limit: int | None = None) -> tuple[CatalogueEntry, ...]:
    """timm architectures whose name, family or tags hold every word of `text`, best first."""
    return catalogue.search(text, limit)


def catalogue_entry(name: str) -> CatalogueEntry | None:
    """The architecture of this name, with or without a pretrained tag, or None."""
    return catalogue.entry(name)


def list_techniques() -> tuple[TechniqueInfo, ...]:
    """Every technique with its stage and the JSON schema of its settings."""
    return tuple(
        TechniqueInfo(
            technique=settings.model_fields["technique"].default,
            method=_method(settings),
            title=settings.title,
            stage=settings.stage,
            summary=(settings.__doc__ or "").strip().splitlines()[0],
            schema=settings.model_json_schema(),
        )
        for settings in TECHNIQUES
    )


def _method(settings: type) -> str | None:
    field = getattr(settings, "model_fields", {}).get("method")
    return str(get_args(field.annotation)[0]) if field is not None else None


def check() -> tuple[CheckItem, ...]:
    """What is right and wrong with this installation; takes a few seconds."""
    return check_home(Home.default())


def hardware() -> Hardware:
    """This machine as a target, found out in a child process. Raises RunError."""
    return cast(Hardware, foreground.answer(Home.default(), HardwareRequest()))


def inspect(path: str | Path) -> ModelProfile:
    """What a model file is, found out in a child process. Raises SourceError's kin and RunError."""
    request = ProfileRequest(model=FileModel(path=str(Path(path).expanduser().absolute())))
    home = Home.default()
    return cast(ModelProfile, foreground.answer(home, resolve_request(request, home, from_browser=False)))


def advise(request: AdviseRequest, on_event: OnEvent = lambda event: None) -> Advice:
    """Which architectures would be faster here, or better; figures are kept. Raises RequestError and RunError."""
    home = Home.default()
    resolved = resolve_request(request, home, from_browser=False)
    return cast(Advice, foreground.answer(home, resolved, on_event=on_event))


def sensitivity(request: SensitivityRequest, on_event: OnEvent = lambda event: None) -> Sensitivity:
    """How much each group of layers can lose. Raises RequestError, and RunError where pruning it fails."""
    home = Home.default()
    resolved = resolve_request(request, home, from_browser=False)
    return cast(Sensitivity, foreground.answer(home, resolved, on_event=on_event))
