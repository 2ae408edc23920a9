"""The torch network that an ONNX file of a run came from, as timm reads it: found, compared with the file, written."""

from pathlib import Path

import numpy as np
import torch
from timm.utils import reparameterize_model

from engine import models
from engine.errors import ExportError, SourceError, StorageError
from engine.export.onnx_file import check_close
from engine.models.artifacts import OUTPUT, TorchModel
from engine.models.networks import read_network, timm_misfit, write_timm_folder
from engine.results import Note, Report, Variant
from engine.runtimes.onnx_runtime import values_session
from engine.settings import FileModel
from engine.store.folders import JobFolder

N_CHECKED = 2


def timm_network(report: Report, folder: JobFolder, variant: Variant, work: Path) -> tuple[dict[str, Path], Note]:
    """config.json and model.safetensors of the network that a variant came from, and a note that says of which.

    There are none where the network was pruned, where timm cannot describe it, or where it is not there any more; the
    note then says why. `work` is an existing, empty folder.
    """
    origin, network, reason = _network(report, folder, variant, work)
    reason = reason or (timm_misfit(network) if network is not None else "")
    if network is None or reason:
        return {}, Note(code="no_timm_network", text=f"There are no weights for timm: {reason}")
    try:
        _check(network, folder.file(origin.file))
    except ExportError as error:
        return {}, Note(code="no_timm_network", text=f"There are no weights for timm: {error.message}")
    target = work / "timm"
    write_timm_folder(network, target)
    files = {name: target / name for name in ("config.json", "model.safetensors")}
    return files, Note(code="timm_network", text=f"config.json and model.safetensors are {origin.label}")


def _network(report: Report, folder: JobFolder, variant: Variant, work: Path) -> tuple[Variant, TorchModel | None, str]:
    """The variant whose network is the nearest behind a variant, that network, and why there is none."""
    for one in reversed(report.lineage(variant.id)):
        if one.settings is not None and (one.settings.removes_channels or one.settings.zeroes_weights):
            return one, None, "the network was pruned, and timm's configuration knows whole networks alone"
        try:
            if (network := read_network(folder.file(one.file).parent)) is not None:
                return one, network, ""
        except StorageError as error:
            return one, None, error.message
        if one.settings is not None and one.settings.stage == "torch":
            return one, None, f"the run kept no weights of {one.label}; run its recipe again"
        if one.role == "baseline":
            return one, *_source(report, work)
    return variant, None, "it has no baseline"


def _source(report: Report, work: Path) -> tuple[TorchModel | None, str]:
    """The network that the recipe names, loaded again."""
    recipe = report.recipe
    if isinstance(recipe.model, FileModel):
        return None, "the model is an ONNX file, which holds no torch network"
    source = work / "source"
    source.mkdir()
    try:
        loaded = models.load(recipe.model, recipe.preprocess, recipe.seed, source)
    except SourceError as error:
        return None, f"the model of the recipe cannot be loaded again: {error.message}"
    return (loaded, "") if isinstance(loaded, TorchModel) else (None, "the model is an ONNX file")


def _check(network: TorchModel, file: Path) -> None:
    """Raises ExportError where the file answers otherwise than the network, on seeded noise."""
    shape = (N_CHECKED, network.in_chans, *network.preprocess.size)
    images = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
    with torch.inference_mode():
        expected = reparameterize_model(network.build()).eval()(torch.from_numpy(images)).numpy()
    (logits,) = values_session(file, [OUTPUT])(images)
    check_close(expected, logits, file.name)
