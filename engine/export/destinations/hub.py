"""Publishes variants in a repository of the Hugging Face Hub, as its users expect them: all in one commit."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

from engine.errors import HubError, RequestError
from engine.export.destinations.model_card import model_card
from engine.export.destinations.run_files import VariantModel, report_files
from engine.export.destinations.timm_network import timm_network
from engine.results import Note, Report
from engine.settings.export_job import TOKEN, HubDestination
from engine.store.folders import JobFolder

NAMES = {"": "model", "FP16": "model_fp16", "INT8": "model_quantized"}
"""What transformers.js and Optimum call a file in the folder onnx/, by the format of its numbers."""


def hub_files(
    report: Report,
    name: str,
    folder: JobFolder,
    models: Sequence[VariantModel],
    destination: HubDestination,
    work: Path,
) -> tuple[dict[str, Path | bytes], tuple[Note, ...]]:
    """The files of the repository by their paths, and notes on what is not there. `work` is an empty folder."""
    onnx = _onnx_names(report, models)
    timm, note = timm_network(report, folder, models[0].variant, work)
    variants = {path: model.variant for path, model in onnx.items()}
    card = model_card(report, name, variants, destination.licence, bool(timm), destination.repository)
    files: dict[str, Path | bytes] = {"README.md": card.encode(), **timm}
    files |= {path: model.path for path, model in onnx.items()}
    return files | report_files(report, name), (note,)


def _onnx_names(report: Report, models: Sequence[VariantModel]) -> dict[str, VariantModel]:
    """The path of each model; the first of a number format has the plain name, the others their id as well."""
    named: dict[str, VariantModel] = {}
    for model in models:
        steps = [one.settings for one in report.lineage(model.variant.id) if one.settings]
        name = NAMES[next((step.number_format for step in reversed(steps) if step.number_format), "")]
        path = f"onnx/{name}.onnx"
        named[path if path not in named else f"onnx/{name}_{model.variant.id}.onnx"] = model
    return named


def publish(files: Mapping[str, Path | bytes], destination: HubDestination, *, overwrite: bool) -> tuple[str, bool]:
    """Commit the files with the token of the environment; the repository's address, and whether it had any of them.

    A commit is whole or absent. Raises RequestError where there is no token or the repository has some of these files
    and `overwrite` is false, HubError where the Hub refuses or cannot be reached.
    """
    repository = destination.repository
    with _failures(repository):
        api = HfApi(token=_token(), library_name="featherweight")
        exists = api.repo_exists(repository)
        present = set(api.list_repo_files(repository)) & set(files) if exists else set()
        if present and not overwrite:
            raise RequestError(
                f"the repository '{repository}' has {', '.join(sorted(present)[:5])} already",
                "Choose another repository, or allow that they are replaced",
            )
        if not exists:
            # One that is there after all, though this token did not see it, must not be taken for ours and deleted.
            api.create_repo(repository, private=destination.private, exist_ok=False)
        operations = [
            CommitOperationAdd(path, str(content) if isinstance(content, Path) else content)
            for path, content in files.items()
        ]
        try:
            commit = api.create_commit(repository, operations, commit_message="Add models optimised by Featherweight")
        except BaseException:
            if not exists:
                api.delete_repo(repository, missing_ok=True)
            raise
    return commit.repo_url.url, bool(present)


def _token() -> str:
    token = os.environ.get(TOKEN, "")
    if not token:
        raise RequestError(
            f"there is no token for the Hugging Face Hub in {TOKEN}", f"Set {TOKEN} to one that may write"
        )
    return token


@contextmanager
def _failures(repository: str) -> Iterator[None]:
    """Turns errors of the Hub's client into sentences, in which no header and no token stands."""
    try:
        yield
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        if status in (401, 403):
            raise HubError(
                f"the Hugging Face Hub refuses to write '{repository}' with the token in {TOKEN}",
                "Use a token that may write to this owner's repositories",
            ) from None
        raise HubError(
            f"the Hugging Face Hub answered {status or 'with an error'} for '{repository}'", "Try again later"
        ) from None
    except OfflineModeIsEnabled:
        raise HubError("HF_HUB_OFFLINE forbids to reach the Hugging Face Hub", "Unset it") from None
    except (httpx2.HTTPError, OSError):
        raise HubError(
            "the Hugging Face Hub cannot be reached", "Check the network, and HF_ENDPOINT if it is set"
        ) from None
