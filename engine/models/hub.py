"""The Hugging Face Hub: every way in which it can fail becomes one sentence with the ways out."""

import contextlib
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any
from urllib.error import URLError

import httpx2
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
    RevisionResolutionError,
    XetDownloadError,
)
from timm.models import PretrainedCfg, load_model_config_from_hf

from engine.errors import HubError, SourceError

PREFIXES = ("hf_hub:", "hf-hub:")
_WAYS_OUT = (
    "Connect to the internet, set HF_HOME to a cache that has them, or choose weights: random or a local weights file"
)


def hub_config(name: str) -> tuple[dict[str, Any], str, dict[str, Any]]:
    """timm's pretrained configuration, architecture and arguments of hf_hub:owner/name.

    Raises HubError where it cannot be had, SourceError where it is no timm model.
    """
    with hub_errors(name):
        try:
            found, architecture, arguments = load_model_config_from_hf(name.partition(":")[2])
            config = {
                **asdict(PretrainedCfg(**found)),
                "num_classes": arguments.get("num_classes", found["num_classes"]),
            }
        except (KeyError, TypeError, UnicodeDecodeError, ValueError) as error:
            if isinstance(error, HFValidationError):
                raise
            raise SourceError(f"'{name}' is not a timm model: its config.json does not name an architecture of timm",
                              "Choose a model that timm can load") from error  # fmt: skip
    return config, architecture, arguments


@contextlib.contextmanager
def hub_errors(name: str) -> Iterator[None]:
    """Turn what the Hub's and torch's clients raise inside into HubError."""
    try:
        yield
    except GatedRepoError as error:
        raise HubError(f"the weights of '{name}' are for those who accepted their terms on the Hugging Face Hub",
                       "Accept them there and log in with hf auth login, or choose another") from error  # fmt: skip
    except (HFValidationError, RepositoryNotFoundError, RevisionNotFoundError, RevisionResolutionError) as error:
        raise HubError(f"the Hugging Face Hub has no model '{name}', or it is private",
                       "Check the name, which is hf_hub:owner/name for a model of your choice") from error  # fmt: skip
    except (LocalEntryNotFoundError, OfflineModeIsEnabled) as error:
        raise _unreachable(name) from error
    except EntryNotFoundError as error:
        raise HubError(f"the Hugging Face Hub has '{name}', but no weights or config.json that timm can read in it",
                       "Choose a model that timm can load") from error  # fmt: skip
    except (HfHubHTTPError, httpx2.HTTPError, XetDownloadError, ConnectionError, TimeoutError, URLError) as error:
        raise _unreachable(name) from error
    except OSError as error:
        raise HubError(f"the weights of '{name}' could not be stored: {error.strerror or error}",
                       "Free some space, or set HF_HOME to a folder that can be written") from error  # fmt: skip


def _unreachable(name: str) -> HubError:
    return HubError(f"the weights of '{name}' are not in the local cache and the Hugging Face Hub cannot be reached",
                    _WAYS_OUT)  # fmt: skip
