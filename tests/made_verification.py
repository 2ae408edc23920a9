"""What verify.py of a bundle writes, made by hand."""

import copy
from typing import Any

from tests.made import INT8

RESULT: dict[str, Any] = {
    "schema_version": 1,
    "bundle": {
        "run": "c" * 12,
        "variant": INT8,
        "variant_sha256": INT8[0] * 64,
        "model_sha256": "d" * 64,
        "sums_sha256": "e" * 64,
    },
    "created": "2026-11-20T12:00:00.000+00:00",
    "hardware": {
        "cpu": "Cortex-A76",
        "cores": 4,
        "memory_bytes": 8_000_000_000,
        "system": "Linux-6.12-aarch64",
        "machine": "aarch64",
        "isa": ["asimd", "asimddp"],
    },
    "runtime": "onnxruntime",
    "provider": "CPUExecutionProvider",
    "versions": {"python": "3.12.3", "onnxruntime": "1.32.0", "numpy": "2.4.6", "pillow": "13.0.0"},
    "checks": [
        {"name": "files", "passed": True, "text": "24 files are as they were packed"},
        {"name": "versions", "passed": True, "text": "onnxruntime 1.32.0"},
        {"name": "preprocessing", "passed": True, "text": "8 of 8 images", "n_images": 8, "n_equal": 8},
        {
            "name": "outputs",
            "passed": True,
            "text": "off by 1e-06",
            "n_examples": 8,
            "worst_difference": 1e-6,
            "tolerance": 1e-4,
        },
    ],
    "latency": {
        "threads": 2,
        "batch_size": 1,
        "p50_ms": 4.0,
        "low_ms": 3.9,
        "high_ms": 4.1,
        "p95_ms": 4.6,
        "n_runs": 400,
        "n_disturbed": 20,
        "n_warmup": 5,
        "round_medians_ms": [3.9, 4.0, 4.0, 4.1],
        "ratio_to_measured": 4.0,
    },
    "passed": True,
}


def made_result(**changed: Any) -> dict[str, Any]:
    """The result with values changed; a name like latency__p50_ms is within another, checks__0__passed in a list."""
    result = copy.deepcopy(RESULT)
    for path, value in changed.items():
        *place, last = path.split("__")
        at: Any = result
        for key in place:
            at = at[int(key)] if key.isdigit() else at[key]
        at[last] = value
    return result
