"""Measuring a bundle's server before it begins: what is refused, and about how long it takes."""

import importlib.util
import zipfile
from pathlib import Path

from engine.errors import RequestError
from engine.results import Estimate
from engine.settings.serving_job import ServeBenchRequest
from engine.store.uploads import path_sum

SERVER, PACKAGES = "serve.py", ("litserve", "cachetools", "prometheus_client")
START_SECONDS = 6.0  # of the server's processes, with the libraries that they import
LOADS = 3  # without pause, and at two rates
LOAD_SECONDS = 3.0  # a load at random times lasts until it has enough requests


def serve_bench_request(bundle: Path, **values: object) -> ServeBenchRequest:
    """The request for a zip, with its sum. Raises SettingsError, and RequestError as `check_serve_bench`."""
    request = ServeBenchRequest.parse({**values, "bundle": str(bundle.absolute())})
    check_serve_bench(request)
    return request.model_copy(update={"bundle_sha256": path_sum(bundle)})


def check_serve_bench(request: ServeBenchRequest) -> None:
    """Raises RequestError where there is no such bundle, it serves nothing, or what its server needs is missing."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise RequestError(
            f"{', '.join(missing)} is not installed here, which the server of a bundle needs",
            "Install what requirements-serve.txt of the bundle lists",
        )
    try:
        with zipfile.ZipFile(request.bundle) as archive:
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile) as error:
        make = "Make one with: python -m engine bundle RUN --out FILE"
        raise RequestError(f"'{request.bundle}' is no bundle: {error}", make) from error
    if f"{request.folder}{SERVER}" not in names:
        folders = sorted(name.removesuffix(SERVER) for name in names if name.endswith(f"/{SERVER}"))
        more = f"Name one of its folders: {', '.join(folders)}" if folders else "Choose a model of images"
        raise RequestError(f"the bundle has no {request.folder}{SERVER}", more)


def estimate_serve_bench(request: ServeBenchRequest) -> Estimate:
    """Seconds of a resolved request, at most its minutes."""
    loads = 2 * LOADS * request.repeats * max(request.seconds, LOAD_SECONDS)
    serving = min(len(request.settings) * (START_SECONDS + loads), 60 * request.minutes)
    return Estimate(seconds=round(serving, 1), phases={"serve": round(serving, 1)})
