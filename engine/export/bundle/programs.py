"""The programs of a bundle: files of the engine as they are, so that whoever uses it runs what was tested here."""

from pathlib import Path

from engine.export.bundle.context import BundleContext
from engine.export.bundle.names import TEMPLATES

ENGINE = Path(__file__).parents[2]
SESSIONS = {"onnxruntime": "session_onnxruntime.py", "openvino": "session_openvino.py"}
"""What opens the model, by the runtime of the target."""


def programs(context: BundleContext) -> dict[str, bytes]:
    """infer.py, verify.py, and what they import: of images also how they are prepared."""
    files = {
        "infer.py": TEMPLATES / ("infer.py" if context.takes_images else "infer_arrays.py"),
        "session.py": TEMPLATES / SESSIONS[context.target.runtime],
        "verify.py": TEMPLATES / "verify.py",
        "calls.py": ENGINE / "measure" / "calls.py",
        "intervals.py": ENGINE / "measure" / "statistics.py",
    }
    if context.takes_images:
        files["preprocess.py"] = ENGINE / "data" / "preprocess.py"
    return {name: path.read_bytes() for name, path in files.items()}
