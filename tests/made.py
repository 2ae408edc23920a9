"""Reports made by hand, for whatever only reads them."""

from engine.results import (
    Accuracy,
    DataSummary,
    Environment,
    Fidelity,
    InputSpec,
    Latency,
    Note,
    Recommendation,
    Report,
    Throughput,
    Variant,
    Verdict,
)
from engine.settings import Preprocess, Recipe

BASE, INT8 = "a" * 12, "b" * 12
RECIPE = Recipe.parse(
    {
        "name": "digits to int8",
        "model": {"kind": "sample"},
        "data": {"kind": "sample"},
        "steps": [{"technique": "quantize", "method": "static"}],
        "budget": {"max_accuracy_drop": 0.01, "max_latency_ms": 5.0, "max_size_mb": 30.0},
    }
)
GRAY = Preprocess(size=(64, 64), mean=(0.5,), std=(0.25,))


def made_variant(id: str, label: str, *, labelled: bool = True, **changed) -> Variant:
    """A measured variant; the baseline where its id is BASE."""
    base = id == BASE
    values = {
        "id": id, "parent_id": None if base else BASE, "branch": 0, "step": 0, "settings": None, "label": label,
        "technique": "baseline" if base else "quantize", "role": "baseline" if base else "step",
        "file": f"variants/{id}/model.onnx", "sha256": id[0] * 64, "size_bytes": 20_000_000 if base else 5_000_000,
        "parameters": 5_000_000, "macs": 80_000_000, "input": InputSpec(shape=(1, 64, 64), preprocess=GRAY),
        "latency": made_latency(2.0, 1.0) if base else made_latency(1.0, 0.5),
        "throughput": Throughput(batch_size=1, images_per_s=500 if base else 1000, low=490, high=1010),
        "accuracy": Accuracy(top1=0.99, top5=1.0, n_images=540, low=0.98, high=0.995) if labelled else None,
        "fidelity": None if base else Fidelity(agreement=0.97, sqnr_db=31.0, n_images=540),
        "verdict": None if base else Verdict(within_budget=True, faster="yes", codes=("accuracy_drop_uncertain",)),
        "seconds": 1.0, "notes": () if base else (Note(code="scheme", text="unsigned activations"),),
    }  # fmt: skip
    return Variant(**(values | changed))


def made_latency(p50_ms: float, ratio: float) -> Latency:
    return Latency(
        runtime="onnxruntime", provider="CPUExecutionProvider", threads=2, batch_size=1, p50_ms=p50_ms,
        p95_ms=p50_ms * 1.5, n_runs=400, n_rounds=20, n_warmup=10, session_options={}, ratio_to_baseline=ratio,
        ratio_low=ratio * 0.9, ratio_high=ratio * 1.1,
    )  # fmt: skip


def made_report(*variants: Variant, run_id: str = "run1", labelled: bool = True, **changed) -> Report:
    """A finished report of the sample; two variants unless others are given."""
    shown = variants or (
        made_variant(BASE, "Baseline", labelled=labelled),
        made_variant(INT8, "Static INT8", labelled=labelled),
    )
    values = {
        "run_id": run_id, "state": "done", "created": "2026-01-01T00:00:00+00:00", "seconds": 40.0, "recipe": RECIPE,
        "environment": Environment(cpu="A CPU", cores=2, memory_bytes=8 * 10**9, isa=("avx2",),
                                   runtimes={"onnxruntime": ("CPUExecutionProvider",)}, versions={"numpy": "2.0"}),
        "data": DataSummary(n_train=1000, n_calibration=179, n_evaluation=540, n_holdout=0, n_skipped=0,
                            classes=tuple("0123456789"), evaluation_sha256="c" * 64),
        "variants": shown, "recommended": Recommendation(id=shown[-1].id, reason=Note(code="best", text="it is fast")),
    }  # fmt: skip
    return Report(**(values | changed))
