"""Whether a device of OpenVINO works, tested by running a small model on it in a process of its own."""

import json
from pathlib import Path

from engine.runtimes.openvino_runtime.device import devices, reason
from engine.runtimes.openvino_runtime.session import OPENVINO_ERRORS, describe_options
from engine.runtimes.provider_trial import try_in_child
from engine.settings import Target

SCRIPT = Path(__file__).with_name("trial_child.py")


def refusal(device: str) -> str:
    """Why the small model did not run on this device with a session's options; empty where it did, rightly."""
    if device not in devices():
        return "OpenVINO finds no such device here; beside the CPU it knows Intel's, once their driver is installed"
    try:
        options = describe_options(Target(runtime="openvino", provider=device, threads=1))
    except OPENVINO_ERRORS as error:
        return reason(error)
    return try_in_child(
        SCRIPT, [device, json.dumps(options)], lambda error, stderr: reason(RuntimeError(error)) if error else ""
    )
