"""Resolves requests before they become jobs: absolute paths with SHA-256 sums, uploads, names of architectures.

Checks that need to open a model or an image are made later, in the job's own process.
"""

import stat
from contextlib import suppress
from pathlib import Path

from engine import catalogue
from engine.errors import DataError, RequestError, SettingsError, SourceError
from engine.jobs.kinds import kind_of, load
from engine.planning.applicability import pruning_refusal
from engine.planning.target import check_target
from engine.planning.variant_files import images_of, resolve_variant_file
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
    SampleData,
    SampleModel,
    SensitivityRequest,
    ShowdownRequest,
    Step,
    SweepRequest,
    Target,
    TimmModel,
    VariantFile,
    with_sources,
)
from engine.settings.model import LOCAL_PREFIX, LOCAL_WEIGHTS, weights_in
from engine.store.home import Home
from engine.store.uploads import find_upload, path_sum

MAX_PATH_LETTERS = 200
NOT_SAVED = "Choose a folder that timm saved (save_for_hf), with config.json and the weights in it"


def resolve_recipe(recipe: Recipe, home: Home, *, from_browser: bool) -> Recipe:
    """The recipe with absolute paths, also those of uploads, and the SHA-256 of every file.

    Raises RequestError for a missing or changed file, an unknown name, a target that this machine does not have, and,
    from the browser, any path outside this home's uploads.
    """
    check_target(recipe.target)
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
    """The analysis with its `model`, `baseline` and `data` resolved likewise, where it has them.

    It is checked as its kind says.
    """
    finder, changes = Finder(home, from_browser), dict[str, object]()
    for name in ("model", "baseline"):
        if (model := getattr(request, name, None)) is not None:
            changes[name] = finder.model(model)
    if (data := getattr(request, "data", None)) is not None:
        changes["data"] = finder.data(data)
    if isinstance(request, IdentifyRequest):
        path, sha256 = finder.weights(request.weights, request.weights_sha256)
        changes |= {"weights": path, "weights_sha256": sha256}
    if isinstance(request, SweepRequest):
        changes["file"] = finder.variant_file(request.file)
    if isinstance(request, ShowdownRequest):
        changes |= _resolve_showdown(request, home, finder, from_browser=from_browser)
    check = kind_of(request).check
    if check is not None:
        load(check)(request)
    return request.model_copy(update=changes)


def _resolve_showdown(
    request: ShowdownRequest, home: Home, finder: "Finder", *, from_browser: bool
) -> dict[str, object]:
    """The rows with their files, and, where the request names no images, those of the first row's run if they are
    still there."""
    rows = tuple(row.model_copy(update={"file": finder.variant_file(row.file)}) for row in request.rows)
    changes: dict[str, object] = {"rows": rows}
    images = images_of(rows[0].file, home, from_browser=from_browser) if request.data is None else {}
    with suppress(RequestError):  # moved, or no upload of this home: then random inputs are compared
        if isinstance(data := images.get("data"), SampleData | ImagesData | ArraysData):
            changes |= images | {"data": finder.data(data)}
    return changes


def check_advice(request: AdviseRequest) -> None:
    """Raises TargetError as `check_target` does, and SourceError for an architecture that timm does not have."""
    check_target(request.target)
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
    check_target(Target(threads=request.threads))


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

    def variant_file(self, file: VariantFile) -> VariantFile:
        """A file to time, found in its run or by itself. Raises RequestError."""
        return resolve_variant_file(file, self._home, self.model, from_browser=self._from_browser)

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
