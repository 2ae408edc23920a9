"""What a file is by its first bytes, where a model is expected: people give what they have."""

from pathlib import Path

from engine.errors import SourceError
from engine.models.external_data import MAX_BYTES

_MARKUP = (b"<!doctype", b"<html", b"<head", b"<body", b"<?xml", b"<svg", b"<!--")
_POINTER = b"version https://git-lfs"
_ZIP = b"PK\x03\x04"
_PICKLES = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))
MAX_SAFETENSORS_HEADER = 100_000_000
WEIGHTS_HINT = (
    "If it holds trained weights, give it as the weights of its architecture: in a recipe, model: {kind: timm, "
    "name: ARCHITECTURE, weights: FILE}; in the browser, choose it on the Model page under Catalogue, in “A weights "
    "file whose architecture I do not know”; or export the whole model to ONNX"
)


def check_is_onnx(path: Path) -> None:
    """Raises SourceError where there is no file, or where it begins as another kind of file does."""
    if not path.is_file():
        raise SourceError(f"there is no file '{path}'", "Check the path")
    if path.stat().st_size == 0:
        raise SourceError(f"'{path.name}' is empty", "Copy or export the model again")
    with path.open("rb") as stream:
        start = stream.read(64)
    if start.startswith(_POINTER):
        raise SourceError(f"'{path.name}' is a Git LFS pointer, not the file itself", "Fetch it with git lfs pull")
    if start.lstrip().lower().startswith(_MARKUP):
        raise SourceError(
            f"'{path.name}' is a web page or XML, not an ONNX file", "Download the file itself, not the page about it"
        )
    if start.startswith(_ZIP):
        raise SourceError(f"'{path.name}' is a zip archive or a PyTorch file, not an ONNX file", WEIGHTS_HINT)
    if start.startswith(_PICKLES):
        raise SourceError(f"'{path.name}' is a Python pickle, as PyTorch writes it, not an ONNX file", WEIGHTS_HINT)
    if _is_safetensors(start):
        raise SourceError(f"'{path.name}' holds weights alone (safetensors), not an ONNX model", WEIGHTS_HINT)
    if path.stat().st_size > MAX_BYTES:
        size = f"{path.stat().st_size / 1e9:.1f} GB"
        raise SourceError(f"'{path.name}' has {size}, and an ONNX file holds at most 2 GB", "Choose a smaller model")


def _is_safetensors(start: bytes) -> bool:
    """A length in 8 bytes, then JSON of that length."""
    return start[8:9] == b"{" and 0 < int.from_bytes(start[:8], "little") < MAX_SAFETENSORS_HEADER
