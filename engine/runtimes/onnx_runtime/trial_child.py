"""A process of its own that runs a small model on one execution provider, and prints what came of it as JSON.

It is started by its path and imports nothing of the engine, which a confined process cannot find from its folder.
Arguments: the provider's name. Stdin: the model. Its only input is filled with ones.
"""

import json
import sys

import numpy as np
import onnxruntime as ort

CPU = "CPUExecutionProvider"


def main(provider: str, model: bytes) -> dict[str, object]:
    """Under `values` the model's first output; under `error` the exception's text, or why there is none."""
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    # Without this, onnxruntime hands to the CPU what a provider cannot do, and the provider seems to work.
    if provider != CPU:
        options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    try:
        # onnxruntime would put the CPU behind a provider that fails, and then say that this conflicts with the above.
        session = ort.InferenceSession(model, options, providers=[provider], enable_fallback=0)
        if provider not in session.get_providers():
            return {"error": ""}
        image = session.get_inputs()[0]
        values = session.run(None, {image.name: np.ones(image.shape, np.float32)})[0]
    except Exception as error:  # noqa: BLE001 (the outermost frame of this process)
        return {"error": f"{error}" or type(error).__name__}
    return {"values": np.asarray(values).ravel().tolist()}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.stdin.buffer.read())))
