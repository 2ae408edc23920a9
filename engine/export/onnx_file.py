"""ONNX from torch: one file, any batch size, checked against torch before it is returned."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from timm.utils import reparameterize_model

from engine.errors import ExportError
from engine.models.artifacts import INPUT, OUTPUT, OnnxModel, TorchModel
from engine.models.graph import METADATA_KEY, metadata_text, read_onnx
from engine.runtimes.onnx_runtime import values_session

OPSET = 20
TOLERANCE = 1e-3
"""Largest difference to torch's logits, as a share of their largest magnitude."""
MAX_BYTES = 2_000_000_000

Images = NDArray[np.float32]


def export_onnx(model: TorchModel, path: Path, check_inputs: Images | None = None) -> OnnxModel:
    """Write the model, reparameterised by timm, to `path` and return it as read back.

    `check_inputs`, (N, C, H, W) float32 and normalised, are the images on which torch and the file are compared; None
    takes seeded noise. Raises ExportError where torch cannot export the model, where it would exceed 2 GB, and where
    the logits differ by more than TOLERANCE.
    """
    module = reparameterize_model(model.build()).eval()
    _check_size(module)
    images = _noise(model) if check_inputs is None else np.ascontiguousarray(check_inputs, np.float32)
    program = _export(module, images, model.architecture)
    _strip(program)
    program.model.metadata_props[METADATA_KEY] = metadata_text(model.preprocess, model.classes)
    program.save(path, external_data=False)
    onnx_model = read_onnx(path)
    _check_outputs(module, path, images)
    return onnx_model


def _noise(model: TorchModel) -> Images:
    shape = (2, model.in_chans, *model.preprocess.size)
    return np.random.default_rng(model.seed).standard_normal(shape, dtype=np.float32)


def _check_size(module: torch.nn.Module) -> None:
    size = sum(tensor.numel() * tensor.element_size() for tensor in module.state_dict().values())
    if size > MAX_BYTES:
        raise ExportError(
            f"the model has {size / 1e9:.1f} GB of weights, one ONNX file holds at most 2 GB",
            "Choose a smaller architecture",
        )


def _export(module: torch.nn.Module, images: Images, name: str) -> torch.onnx.ONNXProgram:
    # Two images: the exporter would take a batch of one for a constant.
    example = torch.from_numpy(np.resize(images, (2, *images.shape[1:])))
    try:
        with _quiet():
            program = torch.onnx.export(
                module,
                (example,),
                dynamo=True,
                verbose=False,
                opset_version=OPSET,
                input_names=[INPUT],
                output_names=[OUTPUT],
                dynamic_shapes=({0: torch.export.Dim("batch")},),
            )
    except (torch.onnx.errors.OnnxExporterError, RuntimeError, ValueError) as error:
        cause = error.__cause__ or error  # the exporter's own message is about its stages
        reason = (str(cause).strip().splitlines() or [type(cause).__name__])[0][:300]
        raise ExportError(f"torch cannot export '{name}' to ONNX: {reason}", "Choose another architecture") from error
    if program is None:
        raise ExportError(f"torch made no ONNX program of '{name}'", "Choose another architecture")
    return program


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence the exporter, which prints its stages and warns about its own internals."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _strip(program: torch.onnx.ONNXProgram) -> None:
    """Remove the exporter's metadata: it holds paths of the machine, and differs where the model does not."""
    graph = program.model.graph
    graph.metadata_props.clear()
    for node in graph.all_nodes():
        node.metadata_props.clear()
        node.doc_string = None
        for value in node.outputs:
            value.metadata_props.clear()
    for value in (*graph.inputs, *graph.initializers.values()):
        value.metadata_props.clear()


def _check_outputs(module: torch.nn.Module, path: Path, images: Images) -> None:
    """Compare all images together, and the first one alone: the batch size must be dynamic."""
    with torch.inference_mode():
        expected = module(torch.from_numpy(images)).numpy()
    values = values_session(path, [OUTPUT])
    for count in {1, len(images)}:
        (logits,) = values(images[:count])
        check_close(expected[:count], logits, path.name)


def check_close(expected: Images, logits: Images, name: str) -> None:
    """Raises ExportError with the figure where the file's logits are not torch's, within TOLERANCE."""
    if logits.shape != expected.shape or not np.array_equal(np.isfinite(logits), np.isfinite(expected)):
        raise ExportError(
            f"the exported '{name}' does not answer as torch does: its logits have another shape, or "
            "are not finite where torch's are",
            "Choose another architecture",
        )
    finite = np.isfinite(expected)
    scale = float(np.max(np.abs(expected), where=finite, initial=0.0)) or 1.0
    difference = float(np.max(np.abs(logits - expected), where=finite, initial=0.0)) / scale
    if difference > TOLERANCE:
        raise ExportError(
            f"the exported '{name}' differs from torch by {difference:.2e} of the largest logit, "
            f"{TOLERANCE:.0e} is allowed",
            "Check the weights for extreme values",
        )
