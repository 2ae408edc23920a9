"""What the process of a job may read, write and reach: its own inputs, its own folder, and what all jobs share."""

import os
from collections.abc import Iterator
from pathlib import Path

from engine.settings import (
    PRETRAINED,
    FileModel,
    IdentifyRequest,
    JobRequest,
    ModelSource,
    RemeasureRequest,
    RunRequest,
    TimmModel,
)
from engine.store.folders import JobFolder
from engine.store.home import Home
from engine.system.sandbox import Policy

_TEMPORARY = (Path("/tmp"), Path("/var/tmp"))


def policy_of(home: Home, folder: JobFolder, request: JobRequest) -> Policy:
    """The policy of a job in `folder`.

    It reads the files that its request names, and writes its folder and the home's cache and locks. Other jobs, other
    uploads and the database are none of its business. What downloads from the Hub gets the network and the Hub's cache.
    """
    network = needs_network(request)
    return Policy(
        readable=(*_request_file(folder), *input_paths(request), *(_credentials() if network else ())),
        writable=(folder.path, home.cache, *home.shared_files, *_result_folders(request)),
        downloads=_download_folders() if network else (),
        network=network,
    )


def _request_file(folder: JobFolder) -> tuple[Path, ...]:
    """What says what the job may do: it reads that, and cannot write it, since it is in no folder of `writable`."""
    return (folder.request_file,) if folder.request_file is not None else ()


def needs_network(request: JobRequest) -> bool:
    """Whether the job may have to download weights: pretrained ones, or a model of the Hub."""
    return any(
        isinstance(model, TimmModel) and (model.from_hub or (model.weights == PRETRAINED and model.local_dir is None))
        for model in _models(request)
    )


def input_paths(request: JobRequest) -> tuple[Path, ...]:
    """The files and folders that a resolved request names, with what lies beside a model and behind links to images."""
    paths = [path for model in _models(request) for path in _model_paths(model)]
    if isinstance(request, IdentifyRequest) and request.weights is not None:
        paths.append(Path(request.weights))
    data = request.recipe.data if isinstance(request, RunRequest) else getattr(request, "data", None)
    if (path := getattr(data, "path", None)) is not None:
        paths += [Path(path), *_linked_paths(Path(path))]
    if (labels := getattr(data, "labels", None)) not in (None, "folders", "none"):
        paths.append(Path(str(labels)))
    return tuple(path.absolute() for path in paths)


def _models(request: JobRequest) -> Iterator[ModelSource]:
    """Every model that the request loads: its own, those of teachers, and the architectures that steps bring."""
    if not isinstance(request, RunRequest):
        model: ModelSource | None = getattr(request, "model", None)
        if model is not None:
            yield model
        return
    yield request.recipe.model
    for step in (step for chain in request.recipe.chains for step in chain):
        if step.source is not None:
            yield step.source
        if step.new_architecture is not None:
            yield TimmModel.parse({"name": step.new_architecture, "weights": step.new_weights})


def _model_paths(model: ModelSource) -> list[Path]:
    if isinstance(model, FileModel) and model.path is not None:
        path = Path(model.path)
        return [path, *_beside(path)]
    if isinstance(model, TimmModel):
        return [path for path in (model.local_dir, model.weights_path and Path(model.weights_path)) if path]
    return []


def _beside(model: Path) -> list[Path]:
    """Where the external weights of an ONNX file lie: its folder, or the plain files of one that holds all sorts."""
    folder = model.absolute().parent
    if not any(path.is_relative_to(folder) for path in (_user_folder(), *_TEMPORARY)):
        return [folder]
    return [path for path in folder.glob("*") if path.is_file() and not path.name.startswith(".")]


def _linked_paths(folder: Path) -> list[Path]:
    """The targets of symbolic links in a folder of images; of links to files their folders, which are fewer."""
    targets = {path.resolve() for path in folder.rglob("*") if path.is_symlink()} if folder.is_dir() else set()
    return sorted({target if target.is_dir() else target.parent for target in targets})


def _result_folders(request: JobRequest) -> tuple[Path, ...]:
    """Folders beside its own that the job writes to: that of the run that it measures again."""
    return (Path(request.folder),) if isinstance(request, RemeasureRequest) else ()


def _download_folders() -> tuple[Path, ...]:
    """Where huggingface_hub and torch.hub keep what they download."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or _user_folder() / ".cache")
    hub = Path(os.environ.get("HF_HOME") or caches / "huggingface")
    torch_hub = Path(os.environ.get("TORCH_HOME") or caches / "torch")
    more = (os.environ.get(name) for name in ("HF_HUB_CACHE", "HF_XET_CACHE"))
    return tuple(path.expanduser().absolute() for path in (hub, torch_hub, *(Path(path) for path in more if path)))


def _user_folder() -> Path:
    """The home folder of the user; the root folder where a container's user has none."""
    try:
        return Path.home()
    except RuntimeError:
        return Path("/")


def _credentials() -> tuple[Path, ...]:
    """The Hub's token and the certificates that the environment names."""
    names = ("HF_TOKEN_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
    return tuple(Path(path).expanduser().absolute() for name in names if (path := os.environ.get(name)))
