"""Resolves requests before they become jobs: absolute paths with SHA-256 sums, uploads, names of architectures.

Checks that need to open a model or an image are made later, in the job's own process.
"""

import stat
from pathlib import Path

from engine import catalogue
from engine.errors import DataError, RequestError, SettingsError, SourceError, TargetError
from engine.jobs.kinds import kind_of, load
from engine.planning.applicability import pruning_refusal
from engine.settings import (
    PRETRAINED,
    RANDOM,
    AdviseRequest,
    AnalysisRequest,
    ArraysData,
    DataSource,
    DetectRequest,
    FileModel,
    IdentifyRequest,
    ImagesData,
    ModelSource,
    PeaksRequest,
    Recipe,
    SampleModel,
    SensitivityRequest,
    Step,
    Target,
    TimmModel,
    with_sources,
)
from engine.settings.model import LOCAL_PREFIX, LOCAL_WEIGHTS, weights_in
from engine.store.home import Home
from engine.store.uploads import find_upload, path_sum
from engine.system.machine import BF16, cores, isa
from engine.wording import many

MAX_PATH_LETTERS = 200
NOT_SAVED = "Choose a folder that timm saved (save_for_hf), with config.json and the weights in it"


def resolve_recipe(recipe: Recipe, home: Home, *, from_browser: bool) -> Recipe:
    """The recipe with absolute paths, also those of uploads, and the SHA-256 of every file.

    Raises RequestError for a missing or changed file, an unknown name, threads above the cores, and, from the
    browser, any path outside this home's uploads.
    """
    check_threads(recipe.target)
    check_precision(recipe.target)
    finder = Finder(home, from_browser)
    data = finder.data(recipe.data) if recipe.data is not None else None
    for new in (new_network(step) for chain in recipe.chains for step in chain):
        if new is not None:
            finder.model(new)
    for chain in recipe.chains:
        check_prunable(recipe.model, chain)
    resolved = recipe.model_copy(update={"model": finder.model(recipe.model), "data": data})
    return with_sources(resolved, finder.model)


def resolve_request(request: AnalysisRequest, home: Home, *, from_browser: bool) -> AnalysisRequest:
    """The analysis with its `model` and `data` resolved likewise, where it has them, and checked as its kind says."""
    finder, changes = Finder(home, from_browser), dict[str, object]()
    if (model := getattr(request, "model", None)) is not None:
        changes["model"] = finder.model(model)
    if (data := getattr(request, "data", None)) is not None:
        changes["data"] = finder.data(data)
    if isinstance(request, IdentifyRequest):
        path, sha256 = finder.weights(request.weights, request.weights_sha256)
        changes |= {"weights": path, "weights_sha256": sha256}
    check = kind_of(request).check
    if check is not None:
        load(check)(request)
    return request.model_copy(update=changes)


def check_advice(request: AdviseRequest) -> None:
    """Raises TargetError for threads above the cores, and SourceError for an architecture that timm does not have."""
    check_threads(request.target)
    check_precision(request.target)
    for name in request.names or ():
        _check_name(TimmModel(name=name, weights=RANDOM))


def check_sensitivity(request: SensitivityRequest) -> None:
    """Raises SettingsError where the network is known to resist pruning."""
    _check_cut(request.model.name if isinstance(request.model, TimmModel) else "")


def check_detection(request: DetectRequest) -> None:
    """Raises DataError for arrays, which are prepared already."""
    if isinstance(request.data, ArraysData):
        raise DataError("the data is arrays, which are prepared already", "Give images (data.kind: images)")


def check_peaks(request: PeaksRequest) -> None:
    """Raises TargetError for threads above the cores."""
    check_threads(Target(threads=request.threads))


class Finder:
    """Finds files for one home, by path or by SHA-256."""

    def __init__(self, home: Home, from_browser: bool) -> None:
        self._home, self._from_browser = home, from_browser

    def model(self, source: ModelSource) -> ModelSource:
        """The source with the absolute path and the sum of its file. Raises SourceError."""
        match source:
            case SampleModel():
                return source
            case TimmModel():
                return self._timm(source)
            case FileModel():
                path, sha256 = self._locate(source.path, source.sha256, "the model file", SourceError)
                return source.model_copy(update={"path": path, "sha256": sha256})

    def weights(self, path: str | None, sha256: str | None) -> tuple[str, str]:
        """Absolute path and sum of a weights file that is named by either. Raises SourceError."""
        return self._locate(path, sha256, "the weights file", SourceError)

    def data(self, source: DataSource) -> DataSource:
        """The source with the absolute path and the sum of its files. Raises DataError."""
        if isinstance(source, ArraysData):
            path, sha256 = self._locate(source.path, source.sha256, "the file of arrays", DataError)
            return source.model_copy(update={"path": path, "sha256": sha256})
        if not isinstance(source, ImagesData):
            return source
        path, sha256 = self._locate(
            source.path, source.sha256, "the folder or archive of images", DataError, folder=True
        )
        changes: dict[str, object] = {"path": path, "sha256": sha256}
        if source.has_label_file:
            labels, labels_sha256 = self._locate(source.labels, source.labels_sha256, "the table of labels", DataError)
            changes |= {"labels": labels, "labels_sha256": labels_sha256}
        return source.model_copy(update=changes)

    def _timm(self, source: TimmModel) -> TimmModel:
        if source.local_dir is not None:
            source = self._local_model(source, source.local_dir)
        elif not source.from_hub:
            _check_name(source)
        if source.weights_path is None and source.weights_sha256 is None:
            return source
        path, sha256 = self.weights(source.weights_path, source.weights_sha256)
        return source.model_copy(update={"weights": path, "weights_sha256": sha256})

    def _local_model(self, source: TimmModel, folder: Path) -> TimmModel:
        """The source with its folder's absolute path, and its weights file where it is to have its own weights."""
        absolute = self._existing_path(str(folder), "the model's folder", SourceError, folder=True)
        file = weights_in(absolute)
        if not (absolute / "config.json").is_file():
            raise SourceError(f"the model's folder '{absolute}' has no config.json", NOT_SAVED)
        if source.weights == PRETRAINED and file is None:
            raise SourceError(f"the model's folder '{absolute}' has neither {' nor '.join(LOCAL_WEIGHTS)}", NOT_SAVED)
        weights = str(file) if source.weights == PRETRAINED else source.weights
        return source.model_copy(update={"name": f"{LOCAL_PREFIX}{absolute}", "weights": weights})

    def _locate(
        self, path: str | None, sha256: str | None, what: str, kind: type[RequestError], *, folder: bool = False
    ) -> tuple[str, str]:
        """Absolute path and SHA-256; the sum of an upload is part of its path, so its file is not read again."""
        if sha256 is not None and (path is None or self._from_browser or not _exists(path)):
            return find_upload(self._home, sha256).path, sha256
        absolute = self._existing_path(path or "", what, kind, folder=folder)
        actual_sum = self._upload_sum(absolute) or _sum(absolute, what, kind)
        if sha256 not in (None, actual_sum):
            raise kind(
                f"{what} '{absolute}' has changed since the recipe was written: its SHA-256 is another",
                "Remove the sum from the recipe to use the file as it is now",
            )
        return str(absolute), actual_sum

    def _existing_path(self, path: str, what: str, kind: type[RequestError], *, folder: bool = False) -> Path:
        subject = f"{what} '{path[:MAX_PATH_LETTERS] if path.isprintable() else ascii(path[:MAX_PATH_LETTERS])[1:-1]}'"
        try:
            absolute = Path(path).expanduser().resolve()
            if self._from_browser and not absolute.is_relative_to(self._home.uploads.resolve()):
                raise kind(
                    f"{what} is given as a path on the server, which the browser may not name",
                    "Upload the file, or use the command line",
                )
            mode = absolute.stat().st_mode
        except (FileNotFoundError, NotADirectoryError) as error:
            raise kind(f"{subject} does not exist", "Check the path") from error
        except (OSError, ValueError, RuntimeError) as error:  # permissions, too long, a NUL, no such user
            raise kind(f"{subject} cannot be opened: {_reason(error)}", "Check the path") from error
        if stat.S_ISDIR(mode) and not folder:
            raise kind(f"{subject} is a folder", "Give the path of the file itself")
        if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
            raise kind(f"{subject} is neither a file nor a folder", "Choose a regular file")
        return absolute

    def _upload_sum(self, path: Path) -> str | None:
        root = self._home.uploads.resolve()
        return path.relative_to(root).parts[0] if path.is_relative_to(root) and path != root else None


def check_threads(target: Target) -> None:
    if (target.threads or 0) > cores():
        raise TargetError(
            f"{many(target.threads or 0, 'thread')} are asked for (target.threads), and this process may "
            f"use {many(cores(), 'core')}",
            f"Ask for {cores()} or fewer, or for no number: then it is all cores",
        )


def check_precision(target: Target) -> None:
    """Raises TargetError where the processor has no 16-bit bfloats, and they are asked for."""
    if target.precision == "bf16" and target.on_cpu and not BF16 & set(isa()):
        raise TargetError(
            "16-bit floats are asked for (target.precision: bf16), and this processor has no instructions for them",
            "Ask for auto or f32",
        )


def _check_name(source: TimmModel) -> None:
    entry, tag = catalogue.entry(source.name), source.name.partition(".")[2]
    if entry is None:
        near = ", ".join(catalogue.closest(source.name))
        raise SourceError(f"timm has no architecture '{source.name}'", f"Choose one of the catalogue, such as {near}")
    if source.weights == PRETRAINED and not entry.pretrained_tags:
        raise SourceError(
            f"timm has no pretrained weights for '{entry.name}'", "Choose random weights, or give a weights file"
        )
    if tag and source.weights == PRETRAINED and tag not in entry.pretrained_tags:
        raise SourceError(
            f"'{entry.name}' has no pretrained weights '{tag}'", f"Choose one of {', '.join(entry.pretrained_tags)}"
        )


def check_prunable(source: ModelSource, chain: tuple[Step, ...]) -> None:
    """Raises SettingsError where the network that a step prunes, the model or a student, is known to resist pruning."""
    name = source.name if isinstance(source, TimmModel) else ""
    for number, step in enumerate(chain, start=1):
        new = new_network(step)
        name = new.name if new is not None else name
        if step.removes_channels:
            _check_cut(name, f"step {number}: ")


def _check_cut(name: str, where: str = "") -> None:
    refusal = pruning_refusal(name)
    if refusal is not None:
        raise SettingsError(f"{where}{refusal.message}", refusal.next)


def new_network(step: Step) -> TimmModel | None:
    """The network that a step puts in place of the model so far, or None."""
    if step.new_architecture is None:
        return None
    return TimmModel.parse({"name": step.new_architecture, "weights": step.new_weights})


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except OSError:  # too long, or in a folder that may not be read
        return False


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def _sum(path: Path, what: str, kind: type[RequestError]) -> str:
    try:
        return path_sum(path)
    except OSError as error:
        raise kind(f"{what} '{path}' cannot be read: {_reason(error)}", "Check its permissions") from error
