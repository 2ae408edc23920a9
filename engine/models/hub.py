"""Downloads from the Hugging Face Hub; each of its failures becomes a HubError that says what can be done."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.error import URLError

import httpx2
from huggingface_hub import constants, get_session, hf_hub_download
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
    RevisionResolutionError,
    XetDownloadError,
)
from timm.models import PretrainedCfg
from timm.models._hub import load_model_config_from_path

from engine.errors import HubError, SourceError

_WAYS_OUT = (
    "Connect to the internet, set HF_HOME to a cache that has them, or choose weights: random or a local weights file"
)
_REACH_SECONDS = 10.0


def hub_config(name: str) -> tuple[dict[str, Any], str, dict[str, Any]]:
    """timm's pretrained configuration, architecture and arguments of hf_hub:owner/name.

    Raises HubError where it cannot be fetched, SourceError where it is no timm model.
    """
    repository = name.partition(":")[2]
    path = fetch(name, repository, ("config.json",))
    return folder_config(name, path.parent, repository)


def folder_config(name: str, folder: Path, repository: str | None = None) -> tuple[dict[str, Any], str, dict[str, Any]]:
    """The same of a folder with a config.json; the weights are in the Hub's `repository`, or given as a file.

    Raises SourceError where it is no timm model.
    """
    try:
        pretrained_config, architecture, arguments = load_model_config_from_path(folder)
        config = asdict(PretrainedCfg(**{**pretrained_config, "file": None, "source": None, "hf_hub_id": repository}))
        config["num_classes"] = arguments.get("num_classes", pretrained_config["num_classes"])
    except PermissionError as error:
        raise SourceError(
            f"the configuration of '{name}' may not be read: {error.filename or folder}",
            "Make it readable, or copy the model's files into one folder, without links",
        ) from error
    except (KeyError, TypeError, AttributeError, ValueError, OSError) as error:
        raise SourceError(
            f"'{name}' is not a timm model: its config.json does not name an architecture of timm",
            "Choose a model that timm can load",
        ) from error
    return config, architecture, arguments


def hub_weights(name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Changes to timm's configuration that make it read the weights from the local cache, after fetching them.

    Empty where the weights are not on the Hub but at an address of their own. Raises HubError.
    """
    repository, filename = config.get("hf_hub_id"), config.get("hf_hub_filename")
    if not repository:
        return {}
    path = fetch(name, repository, _candidates(filename or "pytorch_model.bin"))
    return {"file": str(path), "custom_load": bool(filename) and config.get("custom_load") == "hf"}


def fetch(name: str, repository: str, filenames: tuple[str, ...]) -> Path:
    """The first of these files that the Hub's local cache has, else the first that the Hub has; owner/name@revision.

    A cached file is taken as it is, without asking for a newer one. Raises HubError.
    """
    repo_id, _, revision = repository.partition("@")
    with hub_errors(name):
        for filename in filenames:
            with contextlib.suppress(LocalEntryNotFoundError):
                return Path(hf_hub_download(repo_id, filename, revision=revision or None, local_files_only=True))
        # One request with a short limit first: the client would repeat its own for most of a minute.
        get_session().head(constants.ENDPOINT, timeout=_REACH_SECONDS)
        for filename in filenames[:-1]:
            with contextlib.suppress(RemoteEntryNotFoundError):
                return Path(hf_hub_download(repo_id, filename, revision=revision or None))
        return Path(hf_hub_download(repo_id, filenames[-1], revision=revision or None))


def _candidates(filename: str) -> tuple[str, ...]:
    """Safetensors first, under the names that timm looks for, then the file itself."""
    names = {"pytorch_model.bin": "model.safetensors", "open_clip_pytorch_model.bin": "open_clip_model.safetensors"}
    safetensors = names.get(filename, filename.removesuffix(".bin") + ".safetensors")
    return (safetensors, filename) if filename.endswith(".bin") else (filename,)


@contextlib.contextmanager
def hub_errors(name: str) -> Iterator[None]:
    """Turn exceptions of the Hub's and torch's clients into HubError."""
    try:
        yield
    except GatedRepoError as error:
        raise HubError(
            f"the weights of '{name}' are for those who accepted their terms on the Hugging Face Hub",
            "Accept them there and log in with hf auth login, or choose another",
        ) from error
    except (HFValidationError, RepositoryNotFoundError, RevisionNotFoundError, RevisionResolutionError) as error:
        raise HubError(
            f"the Hugging Face Hub has no model '{name}', or it is private",
            "Check the name, which is hf_hub:owner/name for a model of your choice",
        ) from error
    except (LocalEntryNotFoundError, OfflineModeIsEnabled) as error:
        raise _unreachable(name) from error
    except EntryNotFoundError as error:
        raise HubError(
            f"the Hugging Face Hub has '{name}', but no weights or config.json that timm can read in it",
            "Choose a model that timm can load",
        ) from error
    except (HfHubHTTPError, httpx2.HTTPError, XetDownloadError, ConnectionError, TimeoutError, URLError) as error:
        raise _unreachable(name) from error
    except OSError as error:
        raise HubError(
            f"the weights of '{name}' could not be stored: {error.strerror or error}",
            "Free some space, or set HF_HOME to a folder that can be written",
        ) from error


def _unreachable(name: str) -> HubError:
    return HubError(
        f"the weights of '{name}' are not in the local cache and the Hugging Face Hub cannot be reached", _WAYS_OUT
    )
