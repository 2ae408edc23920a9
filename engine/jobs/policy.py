"""What the process of a job may read, write and reach: its own inputs, its own folder, and what all jobs share."""

import os
from collections.abc import Iterator
from pathlib import Path

from engine.jobs.linked import holds_all_sorts, linked_files, linked_images, user_folder
from engine.settings import (
    PRETRAINED,
    BundleRequest,
    CrossCpuRequest,
    DataSource,
    ExportRequest,
    FileModel,
    FilesDestination,
    HardwareRequest,
    IdentifyRequest,
    JobRequest,
    ModelSource,
    RemeasureRequest,
    RunRequest,
    ServeBenchRequest,
    ShowdownRequest,
    SweepRequest,
    TimmModel,
    WorkloadRequest,
)
from engine.settings.jobs import looks_into_a_file
from engine.settings.live_race import LiveRaceRequest
from engine.settings.variant_jobs import VariantRequest
from engine.store.folders import JobFolder
from engine.store.home import Home
from engine.system.sandbox import Policy

OfARun = VariantRequest | BundleRequest | CrossCpuRequest
"""What asks about a finished run: it reads the run's folder, and with its recipe the model and the images again."""


def policy_of(home: Home, folder: JobFolder, request: JobRequest) -> Policy:
    """The policy of a job in `folder`.

    It reads the files that its request names, and writes its folder and the home's cache and locks; what only looks
    into a file, which may be anybody's, writes no cache. Other jobs, other uploads and the database are none of its
    business. What downloads from the Hub gets the network and the Hub's cache. What looks at the machine alone, and
    at nothing that a user gave, starts processes, in which it tries providers. What measures a bundle's server starts
    that, and connects to it.
    """
    network = needs_network(request)
    shared = home.turn_files if looks_into_a_file(request) else (home.cache, *home.shared_files)
    return Policy(
        readable=(
            *_request_file(folder),
            *input_paths(request),
            *(_credentials() if network else ()),
            *_cloud_credentials(request),
        ),
        writable=(folder.path, *shared, *_result_folders(request)),
        downloads=_download_folders() if network else (),
        network=network,
        processes=isinstance(request, HardwareRequest | ServeBenchRequest),
        loopback=isinstance(request, ServeBenchRequest),
    )


def worker_policy(home: Home, folder: Path, request: LiveRaceRequest) -> Policy:
    """The policy of a warm worker: it reads its lanes' files and the run's images, and writes its folder and the cache.

    It has no network and starts no process.
    """
    files = (
        *(Path(lane.file) for lane in request.lanes),
        *([Path(request.predictions)] if request.predictions else []),
    )
    weights = (path for file in files[: len(request.lanes)] for path in _beside(file))
    return Policy(
        readable=tuple(path.absolute() for path in (*files, *weights, *_data_paths(request.data))),
        writable=(folder, home.cache, *home.shared_files),
    )


def _request_file(folder: JobFolder) -> tuple[Path, ...]:
    """What says what the job may do: it reads that, and cannot write it, since it is in no folder of `writable`."""
    return (folder.request_file,) if folder.request_file is not None else ()


def needs_network(request: JobRequest) -> bool:
    """Whether the job may have to download weights (pretrained ones, or a model of the Hub), or exports to a server."""
    return _exports_to_a_server(request) or any(
        isinstance(model, TimmModel) and (model.from_hub or (model.weights == PRETRAINED and model.local_dir is None))
        for model in _models(request)
    )


def input_paths(request: JobRequest) -> tuple[Path, ...]:
    """The files and folders that a resolved request names, with what lies beside a model and behind links to images."""
    paths = [path for model in _models(request) for path in _model_paths(model)]
    if isinstance(request, IdentifyRequest) and request.weights is not None:
        paths.append(Path(request.weights))
    if isinstance(request, ServeBenchRequest):
        paths.append(Path(request.bundle))
    if isinstance(request, WorkloadRequest) and request.folder is not None:
        paths.append(Path(request.folder))
    if isinstance(request, OfARun | ExportRequest):
        paths.append(Path(request.folder))
    recipe = request.recipe if isinstance(request, RunRequest | OfARun) else None
    paths += _data_paths(recipe.data if recipe is not None else getattr(request, "data", None))
    return tuple(path.absolute() for path in paths)


def _data_paths(data: DataSource | None) -> list[Path]:
    """The files and folders of images, with what lies behind links in them, and the file of their labels."""
    paths: list[Path] = []
    if (path := getattr(data, "path", None)) is not None:
        paths += [Path(path), *linked_images(Path(path))]
    if (labels := getattr(data, "labels", None)) not in (None, "folders", "none"):
        paths.append(Path(str(labels)))
    return paths


def _models(request: JobRequest) -> Iterator[ModelSource]:
    """Every model that the request loads: its own, those of teachers, and the architectures that steps bring."""
    if isinstance(request, SweepRequest | ShowdownRequest):
        files = (request.file,) if isinstance(request, SweepRequest) else (row.file for row in request.rows)
        yield from (file.model for file in files if file.model is not None)
        return
    if not isinstance(request, RunRequest | OfARun):
        for name in ("model", "baseline", "network_source"):
            model: ModelSource | None = getattr(request, name, None)
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
        saved, weights = model.local_dir, model.weights_path
        return [*([saved, *linked_files(saved)] if saved else []), *([Path(weights)] if weights else [])]
    return []


def _beside(model: Path) -> list[Path]:
    """Where the external weights of an ONNX file lie: the files in its folder and the folders in it, but hidden ones.

    Of a folder that holds all sorts of things the files alone.
    """
    folder = model.absolute().parent
    files_only = holds_all_sorts(folder)
    entries = [path for path in _entries(folder) if not path.name.startswith(".")]
    return [path for path in entries if path.is_file() or (path.is_dir() and not files_only)]


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:  # the job says what is wrong with it
        return []


def _result_folders(request: JobRequest) -> tuple[Path, ...]:
    """Folders beside its own that the job writes to: that of the run that it measures again, or exports to."""
    if isinstance(request, RemeasureRequest):
        return (Path(request.folder),)
    folder = _shared_folder(request)
    return (folder,) if folder is not None else ()


def _shared_folder(request: JobRequest) -> Path | None:
    """The folder that an export writes to; None of any other job, and where it writes to a server."""
    destination = request.destination if isinstance(request, ExportRequest) else None
    folder = destination.folder if isinstance(destination, FilesDestination) else None
    return Path(folder) if folder is not None else None


def _exports_to_a_server(request: JobRequest) -> bool:
    return isinstance(request, ExportRequest) and _shared_folder(request) is None


def _cloud_credentials(request: JobRequest) -> tuple[Path, ...]:
    """The files of keys and settings that the client of S3 reads, where the job exports there."""
    if not isinstance(request, ExportRequest) or not isinstance(request.destination, FilesDestination):
        return ()
    if not _exports_to_a_server(request):
        return ()
    named = (os.environ.get(name) for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_CA_BUNDLE"))
    own = user_folder() / ".aws"
    return (own / "credentials", own / "config", *(Path(path).expanduser().absolute() for path in named if path))


def _download_folders() -> tuple[Path, ...]:
    """Where huggingface_hub and torch.hub keep what they download, also where a folder of theirs is a link."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or user_folder() / ".cache")
    hub = Path(os.environ.get("HF_HOME") or caches / "huggingface")
    torch_hub = Path(os.environ.get("TORCH_HOME") or caches / "torch")
    folders = (hub, hub / "hub", hub / "xet", torch_hub, torch_hub / "hub")
    more = (os.environ.get(name) for name in ("HF_HUB_CACHE", "HF_XET_CACHE"))
    return tuple(path.expanduser().absolute() for path in (*folders, *(Path(path) for path in more if path)))


def _credentials() -> tuple[Path, ...]:
    """The Hub's token and the certificates that the environment names."""
    names = ("HF_TOKEN_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
    return tuple(Path(path).expanduser().absolute() for name in names if (path := os.environ.get(name)))
