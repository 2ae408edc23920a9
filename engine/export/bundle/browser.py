"""The check in a browser: a page, the golden examples as it reads them, and onnxruntime-web itself."""

import base64
import json

import numpy as np
from numpy.typing import NDArray

from engine.export.bundle.context import BundleContext
from engine.export.bundle.names import TEMPLATES
from engine.export.onnxruntime_web import onnxruntime_web_files

PAGE = ("index.html", "browser.mjs")


def browser_files(context: BundleContext) -> dict[str, bytes]:
    """index.html with its program, browser.json, and the files of onnxruntime-web with their licence."""
    runtime = onnxruntime_web_files()
    licence = next(iter(runtime.values())).with_name("LICENSE.txt")
    return {
        **{name: (TEMPLATES / name).read_bytes() for name in PAGE},
        "browser.json": json.dumps(_examples(context)).encode(),
        **{name: path.read_bytes() for name, path in runtime.items()},
        "onnxruntime-web.LICENSE.txt": licence.read_bytes(),
    }


def _examples(context: BundleContext) -> dict[str, object]:
    """The arrays of every call as the graph takes them, and its outputs as 32-bit floats."""
    names = [spec.name for spec in context.model.input_specs]
    return {
        "inputs": names,
        "outputs": context.model.output_names,
        "calls": [
            {
                "inputs": [_array(arrays[name]) for name in names],
                "outputs": [_text(np.asarray(outputs[name], np.float32)) for name in context.model.output_names],
            }
            for arrays, outputs in zip(context.call_inputs, context.calls, strict=True)
        ],
    }


def _array(values: NDArray[np.generic]) -> dict[str, object]:
    return {"dtype": values.dtype.name, "shape": values.shape, "data": _text(values)}


def _text(values: NDArray[np.generic]) -> str:
    return base64.b64encode(np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<")).tobytes()).decode()
