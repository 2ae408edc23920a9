"""The golden inputs and outputs of a bundle, and the images that the inputs were made from."""

import io

import numpy as np
from numpy.typing import NDArray

from engine.export.bundle.context import BundleContext
from engine.export.bundle.names import GOLDEN


def golden_files(context: BundleContext) -> dict[str, bytes]:
    """golden.npz, with `input_I` of the graph's inputs and `output_CALL_I` of its outputs, and the image files."""
    arrays: dict[str, NDArray[np.generic]] = {
        f"input_{number}": context.examples.inputs[spec.name] for number, spec in enumerate(context.model.input_specs)
    }
    for call, outputs in enumerate(context.calls):
        arrays |= {f"output_{call}_{number}": outputs[name] for number, name in enumerate(context.model.output_names)}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return {GOLDEN: buffer.getvalue(), **{image.name: image.content for image in context.examples.images}}
