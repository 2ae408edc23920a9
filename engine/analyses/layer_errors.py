"""The values of a variant's layers beside those of FP32, and what each layer in float would change of the output."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from engine.analyses.run_examples import evaluation_examples
from engine.data import Examples
from engine.errors import RequestError, RunError, StepError
from engine.measure.layer_matching import Graph, MatchedLayer, match_layers, with_layer_in_float, with_outputs
from engine.measure.quality import sqnr_db
from engine.models.artifacts import OnnxModel
from engine.models.graph import is_quantized, load_proto, operators
from engine.models.variants import read_variant
from engine.planning.layer_errors import keeps_layers, reference_of
from engine.planning.remeasurable import remeasurable_report
from engine.results import Note, codes
from engine.results.layer_errors import LayerError, LayerErrors, UnmatchedLayer
from engine.run.pipeline import load
from engine.runtimes.onnx_runtime import ORT_ERRORS, first_line, values_session
from engine.settings.variant_jobs import LayerErrorsRequest
from engine.store.cache import Cache
from engine.store.folders import JobFolder
from engine.store.home import Home
from engine.store.progress import Progress
from engine.system.machine import cores
from engine.tasks import Inputs, n_examples, resized
from engine.techniques.quantize import fold
from engine.wording import many

ESTIMATE_IMAGES = 8
"""Images on which a layer in float is estimated."""
LOADED, COMPARED = 0.3, 0.6
"""The shares of the job that are done when all is read, and when the layers are compared."""
Array = NDArray[np.generic]


def layer_errors(request: LayerErrorsRequest, folder: JobFolder, progress: Progress) -> LayerErrors:
    """The layers of the variant by their SQNR on the run's first evaluation images, one after the other.

    Both files run node by node as they are written, in onnxruntime on the CPU, so that every tensor can be read: the
    errors are those of rounding, whatever the target's kernels add. The FP32 file is folded as the quantizer folded it.
    The result is written to the folder after every estimate. Raises RequestError where the run has no such variant, a
    file of it has changed or no layer can be matched; DataError where the run had other images; RunError where one of
    the files does not run.
    """
    deadline = time.monotonic() + 60 * request.minutes
    run_folder = Path(request.folder)
    report = remeasurable_report(run_folder)
    reference_variant = reference_of(report, request.variant_id)
    variant = report.variant(request.variant_id)
    if variant is None:
        raise RequestError(f"the run has no variant '{request.variant_id}'", "See its table of variants")
    model, fp32 = read_variant(run_folder, variant), read_variant(run_folder, reference_variant)
    folder.work.mkdir(parents=True, exist_ok=True)
    _, data = load(
        request.recipe,
        folder.work,
        Cache(Home.default().cache),
        lambda fraction, message, **metrics: progress.emit("layer_errors", "load", LOADED * fraction, message),
    )
    part = evaluation_examples(report, data)
    part = part.span(0, min(request.images, len(part)))
    pair = _Pair.read(model, fp32, folder.work, data.unreported)
    sums, n_images = _compare(pair, part, deadline, progress)
    result = LayerErrors(
        variant_id=request.variant_id,
        reference_id=reference_variant.id,
        n_images=n_images,
        on_images=report.recipe.data is not None,
        output_sqnr_db=sums.pop().sqnr_db,
        rows=tuple(one.row for one in sums if one.is_compared),
        unmatched=(*pair.unmatched_rows(), *(one.unmatched for one in sums if not one.is_compared)),
    )
    if not result.rows:
        raise RequestError(
            f"no layer of '{variant.label}' has a value of the same name and shape in '{reference_variant.label}'",
            "Choose a variant whose graph was made from that of FP32",
        )
    if not keeps_layers(variant):
        return result
    examples = part.span(0, min(ESTIMATE_IMAGES, n_images))
    return _estimate(pair, examples, result, deadline, folder, progress)


@dataclass(frozen=True)
class _Pair:
    """The two graphs with their matched layers; `output` is the main output of both."""

    reference: Graph
    variant: Graph
    layers: list[MatchedLayer]
    unmatched: list[onnx.NodeProto]
    output: str
    batch: int | None
    work: Path

    @classmethod
    def read(cls, model: OnnxModel, fp32: OnnxModel, work: Path, images: Examples) -> "_Pair":
        proto = load_proto(model.path)
        reference = Graph(_folded(fp32, proto, work, images))
        variant = Graph(proto)
        layers, unmatched = match_layers(reference, variant)
        return cls(reference, variant, layers, unmatched, model.output_name, model.batch, work)

    def calls(self, part: Examples) -> Iterator[tuple[Inputs, int]]:
        """The inputs of every call, an example each or as many as the file is fixed to, and how many count."""
        for inputs in part.batches(self.batch or 1):
            n = n_examples(inputs)
            yield resized(inputs, self.batch or n), n

    def unmatched_rows(self) -> tuple[UnmatchedLayer, ...]:
        note = Note(code="no_common_tensor", text="the variant has no value of its name")
        return tuple(UnmatchedLayer(name=one.name, operator=one.op_type, reason=note) for one in self.unmatched)

    def session(self, proto: onnx.ModelProto, names: Sequence[str], title: str) -> "_Values":
        """What gives these tensors of a graph, node by node as it is written; `title` names it. Raises RunError."""
        path = self.work / "watched.onnx"
        onnx.save(with_outputs(proto, names), path)
        return _Values(path, names, title)


class _Values:
    """The values of some tensors of a file by its inputs. Raises RunError where onnxruntime does not run it."""

    def __init__(self, path: Path, names: Sequence[str], title: str) -> None:
        self._title = title
        try:
            self._values = values_session(path, names, optimised=False, threads=cores(), log="fatal")
        except ORT_ERRORS as error:
            raise self._error(error) from error

    def __call__(self, inputs: Inputs) -> list[Array]:
        try:
            return list(self._values(inputs))
        except ORT_ERRORS as error:
            raise self._error(error) from error

    def _error(self, error: Exception) -> RunError:
        return RunError(
            f"onnxruntime cannot compute the layers of {self._title}: {first_line(error)}",
            "Look at the time of its nodes in their place",
        )


def _folded(fp32: OnnxModel, variant: onnx.ModelProto, work: Path, images: Examples) -> onnx.ModelProto:
    """The FP32 graph as the quantizer saw it, where the variant is quantized and it can be prepared again."""
    if is_quantized(operators(variant)):
        try:
            return onnx.load(fold(fp32, work, images))
        except StepError:  # what was quantized otherwise is compared as far as names go
            return load_proto(fp32.path)
    return load_proto(fp32.path)


@dataclass
class _Sums:
    """The energies of a layer's values and of their difference, over all images and on the worst; None: the output."""

    layer: MatchedLayer | None
    signal: float = 0.0
    noise: float = 0.0
    worst: tuple[float, str] | None = None
    shapes: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    """Where they are not equal."""

    def add(self, values: Array, reference: Array, ids: Sequence[str]) -> None:
        """Adds the values of a call, of which the first `ids` are examples that count."""
        if values.shape != reference.shape:
            self.shapes = reference.shape, values.shape
            return
        whole = not values.ndim or len(values) < len(ids)
        for number, id in enumerate(ids[:1] if whole else ids):
            one = reference if whole else reference[number]
            exact = one.astype(np.float64)
            signal = float(np.square(exact).sum())
            noise = float(np.square((values if whole else values[number]).astype(np.float64) - exact).sum())
            self.signal, self.noise = self.signal + signal, self.noise + noise
            if signal and noise:
                ratio = 10 * float(np.log10(signal / noise))
                self.worst = min(self.worst or (ratio, id), (ratio, id))

    @property
    def is_compared(self) -> bool:
        return self.shapes is None and np.isfinite(self.noise) and np.isfinite(self.signal) and self.signal > 0

    @property
    def sqnr_db(self) -> float | None:
        """None where nothing differs, and where it is not defined."""
        return 10 * float(np.log10(self.signal / self.noise)) if self.is_compared and self.noise else None

    @property
    def row(self) -> LayerError:
        layer = self._layer
        return LayerError(
            name=layer.name,
            operator=layer.operator,
            sqnr_db=self.sqnr_db,
            worst_sqnr_db=self.worst[0] if self.worst else None,
            worst_image=self.worst[1] if self.worst else None,
            size_bytes=layer.size_bytes,
            reference_bytes=layer.reference_bytes,
            stored=layer.stored,
        )

    @property
    def unmatched(self) -> UnmatchedLayer:
        note = Note(code="no_values", text="its values are all zero, or not finite")
        if self.shapes is not None:
            before, after = ("x".join(map(str, shape[1:])) for shape in self.shapes)
            note = Note(code="other_shape", text=f"its values have another shape: {before} became {after}")
        return UnmatchedLayer(name=self._layer.name, operator=self._layer.operator, reason=note)

    @property
    def _layer(self) -> MatchedLayer:
        if self.layer is None:
            raise TypeError("the output is no layer")
        return self.layer


def _compare(pair: _Pair, part: Examples, deadline: float, progress: Progress) -> tuple[list[_Sums], int]:
    """The sums of every layer, and last of the output, on as many of the first examples as the time allows."""
    sums = [*(_Sums(layer) for layer in pair.layers), _Sums(None)]
    names = [layer.tensor for layer in pair.layers], [layer.value for layer in pair.layers]
    reference = pair.session(pair.reference.proto, [*names[0], pair.output], "the FP32 file")
    variant = pair.session(pair.variant.proto, [*names[1], pair.output], "the variant")
    done = 0
    for inputs, n in pair.calls(part):
        if done and time.monotonic() > deadline:
            break
        share = LOADED + (COMPARED - LOADED) * done / len(part)
        progress.emit("layer_errors", "compare", share, f"comparing layers on image {done + 1} of {len(part)}")
        for one, values, exact in zip(sums, variant(inputs), reference(inputs), strict=True):
            one.add(values, exact, part.ids[done : done + n])
        done += n
    return sums, done


def _estimate(
    pair: _Pair, part: Examples, result: LayerErrors, deadline: float, folder: JobFolder, progress: Progress
) -> LayerErrors:
    """The result with the output's SQNR for each layer in float, those with the largest errors first."""
    exact = _outputs(pair, pair.reference.proto, part)
    result = result.model_copy(
        update={
            "n_estimated_on": len(part),
            "estimated_from_db": sqnr_db(_outputs(pair, pair.variant.proto, part), exact),
        }
    )
    layers = {layer.name: layer for layer in pair.layers}
    waiting = [row for row in result.worst_first if not row.in_float and row.sqnr_db is not None]
    for number, row in enumerate(waiting):
        folder.write("result.json", result)
        if time.monotonic() > deadline:
            text = (
                f"The minutes were up after {number} of {many(len(waiting), 'layer')}: what the others would change in "
                "float was not estimated"
            )
            return result.model_copy(update={"warnings": (Note(code=codes.OUT_OF_TIME, text=text),)})
        share = COMPARED + (1 - COMPARED) * number / len(waiting)
        progress.emit("layer_errors", "estimate", share, f"{row.name} in float: {number + 1} of {len(waiting)}")
        changed = with_layer_in_float(pair.variant, pair.reference, layers[row.name])
        if changed is None:
            continue
        estimate = sqnr_db(_outputs(pair, changed, part), exact)
        rows = (
            one.model_copy(update={"estimated": True, "output_sqnr_in_float_db": estimate})
            if one.name == row.name
            else one
            for one in result.rows
        )
        result = result.model_copy(update={"rows": tuple(rows)})
    return result


def _outputs(pair: _Pair, proto: onnx.ModelProto, part: Examples) -> np.ndarray:
    """The main output on all examples, (N, ...)."""
    values = pair.session(proto, [pair.output], "the variant with a layer in float")
    return np.concatenate([values(inputs)[0][:n] for inputs, n in pair.calls(part)])
