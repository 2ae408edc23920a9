"""What is answered at once: the catalogue, the techniques, this machine, and analyses in the foreground."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import cast, get_args

from engine import catalogue
from engine.jobs import foreground
from engine.planning.resolve import resolve_request
from engine.results import (
    FINDINGS_FILE,
    Advice,
    CatalogueEntry,
    CheckItem,
    DataAudit,
    Event,
    Hardware,
    Identification,
    ModelProfile,
    PreprocessingDetection,
    Protection,
    Result,
    Sensitivity,
    TechniqueInfo,
)
from engine.settings import (
    TECHNIQUES,
    AdviseRequest,
    AnalysisRequest,
    AuditRequest,
    DetectRequest,
    FileModel,
    HardwareRequest,
    IdentifyRequest,
    ProfileRequest,
    SensitivityRequest,
)
from engine.store.home import Home
from engine.system import protections as machine
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


def protections() -> tuple[Protection, ...]:
    """What jobs are kept from on this machine, by what, and what it means where one of that is missing."""
    return machine.protections()


def hardware() -> Hardware:
    """This machine as a target, examined in a child process. Raises RunError."""
    return cast(Hardware, _result(HardwareRequest()))


def inspect(path: str | Path, *, size: tuple[int, int] | None = None, output: str | None = None) -> ModelProfile:
    """The profile of a model file, made in a child process. Raises RequestError and RunError.

    `size` (height, width) and `output` (of the class scores) are for files that leave them open.
    """
    values = {"path": str(Path(path).expanduser().absolute()), "size": size, "output": output}
    source = FileModel.parse(values)
    return cast(ModelProfile, _result(ProfileRequest(model=source)))


def identify(path: str | Path) -> Identification:
    """Of which architectures a weights file may be, found in a child process. Raises SourceError and RunError."""
    return cast(Identification, _result(IdentifyRequest(weights=str(Path(path).expanduser().absolute()))))


def advise(request: AdviseRequest, on_event: OnEvent = lambda event: None) -> Advice:
    """Which architectures would be faster here, or better; figures are stored. Raises RequestError and RunError."""
    return cast(Advice, _result(request, on_event))


def sensitivity(request: SensitivityRequest, on_event: OnEvent = lambda event: None) -> Sensitivity:
    """How much accuracy the pruning of each group of layers costs. Raises RequestError, and RunError where it fails."""
    return cast(Sensitivity, _result(request, on_event))


def detect(request: DetectRequest, on_event: OnEvent = lambda event: None) -> PreprocessingDetection:
    """Whether a model does better under another preprocessing. Raises RequestError, and RunError where it fails."""
    return cast(PreprocessingDetection, _result(request, on_event))


def audit(
    request: AuditRequest, on_event: OnEvent = lambda event: None, *, findings: str | Path | None = None
) -> DataAudit:
    """What is wrong with images: leaks, duplicates, images out of the ordinary, likely label errors, small classes.

    `findings` is a path for the CSV file of all findings. Raises RequestError, and RunError where it fails.
    """
    copies = {FINDINGS_FILE: Path(findings)} if findings is not None else {}
    return cast(DataAudit, _result(request, on_event, copies))


def _result(
    request: AnalysisRequest,
    on_event: OnEvent = lambda event: None,
    copies: Mapping[str, Path] = MappingProxyType({}),
) -> Result:
    """The result of an analysis in the foreground, of the class that its row in engine/jobs/kinds.py names.

    `copies` are files of its folder, by name, with the paths where they are to be copied.
    """
    home = Home.default()
    resolved = resolve_request(request, home, from_browser=False)
    return foreground.run_analysis(home, resolved, on_event=on_event, copies=copies)
