"""The names of a bundle's files."""

from pathlib import Path

MODEL, LABELS, PREPROCESS, DESCRIPTION = "model.onnx", "labels.txt", "preprocess.json", "bundle.json"
GOLDEN, REQUIREMENTS, SUMS = "golden.npz", "requirements.txt", "SHA256SUMS"
TEMPLATES = Path(__file__).parent / "templates"
