"""A process of its own that runs a small model on one device of OpenVINO, and prints what came of it as JSON.

It is started by its path and imports nothing of the engine, which a confined process cannot find from its folder.
Arguments: the device's name, and the options of its sessions as JSON. Stdin: the model, whose only input is filled with
ones.
"""

import json
import sys

import numpy as np

# As in the package beside this file: without it OpenVINO's telemetry writes into the user's home.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

import openvino as ov  # noqa: E402


def main(device: str, options: dict[str, str], model: bytes) -> dict[str, object]:
    """Under `values` the model's first output; under `error` the exception's text."""
    try:
        core = ov.Core()
        compiled = core.compile_model(core.read_model(model), device, options)
        image = np.ones([int(length) for length in compiled.inputs[0].shape], np.float32)
        values = compiled([image])[0]
    except Exception as error:  # noqa: BLE001 (the outermost frame of this process)
        return {"error": f"{error}" or type(error).__name__}
    return {"values": np.asarray(values).ravel().tolist()}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], json.loads(sys.argv[2]), sys.stdin.buffer.read())))
