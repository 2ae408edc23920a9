"""Every chart, drawn from results made by hand."""

import numpy as np
import plotly.graph_objects as go

from engine import charts
from engine.analyses.pareto import advised
from engine.charts.style import BASELINE, canvas
from engine.measure.class_changes import ClassAnswers, class_changes
from engine.planning.roofline import place
from engine.results import (
    Accuracy,
    ClassCount,
    Comparison,
    DataPreview,
    Event,
    LatencyEstimate,
    LayerSensitivity,
    ModelProfile,
    Note,
    PreprocessingDetection,
    PreprocessingTrial,
    Report,
    RunSummary,
    Sensitivity,
    SensitivityPoint,
    Showdown,
    Sweep,
)
from engine.results.class_changes import ClassChanges
from engine.results.layer_errors import LayerError, LayerErrors, UnmatchedLayer
from engine.results.machine import Workloads
from engine.results.time_profile import NodeMatch, NodeTime, TimeProfile
from engine.settings import Preprocess
from tests.made import (
    BASE,
    INT8,
    made_advice,
    made_architecture,
    made_large_report,
    made_latency,
    made_many_trials,
    made_report,
    made_variant,
)
from tests.made_audit import made_audit
from tests.made_machine import made_peaks, made_workload, made_workloads
from tests.made_serving import made_serve_bench
from tests.made_speed import ROWS, made_cell, made_showdown, made_sweep

WHOLE = (
    charts.size,
    charts.latency,
    charts.speed,
    charts.accuracy,
    charts.similarity,
    charts.tradeoff,
    charts.tree,
    charts.cold_start,
    charts.memory,
)
"""What draws a report by itself."""


CASES = ("2", "5", "12", "plain", "unlabelled", "alone")
"""2, 5 or 12 of everything, with a factor of 100 in between; a usual report; one without labels; a baseline alone."""


def made_figures(case: str) -> dict[str, go.Figure]:
    """Every chart of a case by name; those of analyses too where the case is a number of things."""
    if case.isdigit():
        return of_report(made_large_report(int(case))) | of_analyses(int(case))
    if case == "faulty":
        return {"faulty": made_faulty()}
    if case == "alone":
        return of_report(made_report(made_variant(BASE, "Baseline")))
    return of_report(made_report(labelled=case == "plain"))


def of_report(report: Report) -> dict[str, go.Figure]:
    """Every chart of a report by name; the waterfalls are of the longest chain."""
    longest = max(report.main_variants, key=lambda variant: len(report.lineage(variant.id))).id
    steps = {f"waterfall-{name}": charts.waterfall(report, longest, name) for name in ("size", "latency", "quality")}
    return {draw.__name__: draw(report) for draw in WHOLE} | steps


def made_time_profile(n: int) -> TimeProfile:
    """`n` layers, each a hundredth to all of the heaviest; three more nodes have no match."""

    def node(name: str, operator: str, ms: float) -> NodeTime:
        return NodeTime(name=name, operator=operator, ms=ms, originals=(name,))

    names = [f"layer{number}/block/conv_{number}_of_a_long_name/Conv" for number in range(n)]
    rows = [
        NodeMatch(
            name=name,
            baseline=(node(name, "Conv", 5.0 / 100 ** (number / n)),),
            model=(node(name, "QLinearConv", 1.5 / 100 ** (number / n)),),
        )
        for number, name in enumerate(names)
    ]
    return TimeProfile(
        runtime="onnxruntime",
        provider="CPUExecutionProvider",
        threads=2,
        batch_size=1,
        baseline_latency=made_latency(4.0, 1.0),
        model_latency=made_latency(2.0, 0.5),
        rows=(
            *rows,
            NodeMatch(name="ReorderOutput", baseline=(node("ReorderOutput", "ReorderOutput", 0.04),)),
            NodeMatch(name="image_QuantizeLinear", model=(node("image_QuantizeLinear", "QuantizeLinear", 0.03),)),
            NodeMatch(name="sum", model=(node("sum", "QLinearAdd", 0.02),)),
        ),
    )


def made_layer_errors(n: int) -> LayerErrors:
    """`n` layers, each with a larger error than the one before; the first is in float and differs in nothing."""
    rows = [
        LayerError(
            name=f"layer{number}/Conv",
            operator="Conv",
            sqnr_db=40.0 - 10 * number / n if number else None,
            worst_sqnr_db=38.0 - 20 * number / n if number else None,
            worst_image=f"image {number}" if number else None,
            size_bytes=100_000 * number,
            reference_bytes=200_000 * number,
            stored="int8" if number else "float32",
            estimated=bool(number),
            output_sqnr_in_float_db=28.0 + number / 2 if number else None,
        )
        for number in range(n)
    ]
    return LayerErrors(
        variant_id=INT8,
        reference_id=BASE,
        n_images=16,
        on_images=True,
        output_sqnr_db=30.0,
        rows=tuple(rows),
        unmatched=(
            UnmatchedLayer(name="head", operator="Gemm", reason=Note(code="other_shape", text="another shape")),
        ),
        n_estimated_on=8,
        estimated_from_db=28.0,
    )


def made_class_changes(n: int, **changed) -> ClassChanges:
    """`n` classes of 50 images, 36 for the last; the first loses 20 of them to the last, others a few to the next."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(n), 50)[: 50 * n - 35]
    after = labels.copy()
    after[:20] = n - 1
    strays = rng.choice(len(labels), min(n, 40), replace=False)
    after[strays] = (labels[strays] + 1) % n
    names = [f"a class with a name that is long {number}" for number in range(n)]
    baseline, variant = ClassAnswers(labels, labels), ClassAnswers(after, labels)
    return class_changes(INT8, baseline, variant, names, had_labels=True).model_copy(update=changed)


def of_analyses(n: int) -> dict[str, go.Figure]:
    """Every other chart by name."""
    curve = charts.learning_curve(made_epochs(n))
    assert curve is not None
    return {
        "operator-times": charts.operator_times(made_time_profile(n), "Pruned + Fine-tuned + Static INT8"),
        "heaviest-nodes": charts.heaviest_nodes(made_time_profile(n), "Pruned + Fine-tuned + Static INT8"),
        "layer-errors": charts.layer_errors(made_layer_errors(n)),
        "layer-errors-along": charts.layer_errors(made_layer_errors(n), "graph", "layer1/Conv"),
        "class-changes": charts.class_changes(made_class_changes(n)),
        "confusion-difference": charts.confusion_difference(made_class_changes(n)),
        "race": charts.race(made_many_trials(n).values()),
        "advice": charts.advice(many_architectures(n)),
        "sensitivity": charts.sensitivity(made_sensitivity(n)),
        "roofline": charts.roofline(place(many_workloads(n), made_peaks()), made_peaks()),
        "preprocessing": charts.preprocessing(made_detection(n)),
        "audit": charts.audit(made_audit()),
        "class_counts": charts.class_counts(made_preview(n)),
        "layers": charts.layers(made_profile(n)),
        "learning_curve": curve,
        "answers": charts.answers(made_answers(n)),
        "serving": charts.serving(made_serve_bench(), 50.0),
        "sweep": charts.sweep(made_large_sweep(n), 20.0),
        "showdown": charts.showdown(made_large_showdown(n)),
    }


def made_large_sweep(n: int) -> Sweep:
    """A sweep of so many batch sizes, eleven at most, at one, two and four threads."""
    sizes = tuple(2**number for number in range(min(n, 11)))
    cells = tuple(made_cell(count, size, size**0.9 / count**0.8) for count in (1, 2, 4) for size in sizes)
    return made_sweep(sizes, (1, 2, 4), cells=cells)


def made_large_showdown(n: int) -> Showdown:
    """A showdown of so many rows with a factor of 100 between them, and a last one that other programs disturbed."""
    rows = [(*ROWS[number % len(ROWS)][:4], 10 ** (-2 * number / max(n - 1, 1))) for number in range(n)]
    showdown = made_showdown(tuple(rows))
    estimate = LatencyEstimate(processor_ms=1.0, ratio_to_baseline=0.5, n_runs=9, n_disturbed=9)
    disturbed = showdown.rows[-1].model_copy(update={"latency": None, "estimate": estimate})
    return showdown.model_copy(update={"rows": (*showdown.rows, disturbed)})


def many_workloads(n: int) -> Workloads:
    """Files with a factor of 100 between their latencies."""
    made = [made_workload(BASE, f"network {number}", 10 ** (2 * number / max(n - 1, 1))) for number in range(n)]
    return made_workloads(*made)


def many_architectures(n: int):
    """Architectures with a factor of 100 between their latencies, some of them close to each other."""
    made = [
        made_architecture(f"network{number}", 10 ** (-1 + 2 * number / max(n - 1, 1)), 0.6 + 0.02 * number)
        for number in range(n)
    ]
    beaten = [made_architecture(f"beaten{number}", 0.95 + 0.01 * number, 0.6) for number in range(n)]
    found = advised(made_advice(*made, *beaten))
    right = Accuracy(top1=0.99, top5=None, n_images=539, low=0.98, high=0.995)
    return found.model_copy(update={"own": found.own.model_copy(update={"accuracy": right})})


def made_answers(n: int) -> list[tuple[str, RunSummary]]:
    """Runs with a factor of 100 between their speed-ups, the last of which keeps its baseline."""
    known = {"run_id": "1", "state": "done", "model": "digits_net", "steps": "INT8", "recommended": "INT8"}
    faster = [
        (
            f"a run with a name that is long {number}",
            RunSummary(**known, speedup=speed, speedup_low=0.9 * speed, speedup_high=1.1 * speed),
        )
        for number in range(n - 1)
        for speed in [0.4 * 10 ** (2 * number / max(n - 1, 1))]
    ]
    return [*faster, ("kept", RunSummary(**known, keeps_baseline=True))]


def made_detection(n: int, **changed) -> PreprocessingDetection:
    """A detection with labels, whose last of n trials beside the declared one is better."""
    declared = Preprocess(size=(64, 64), mean=(0.5,) * 3, std=(0.5,) * 3)
    trials = [
        PreprocessingTrial(
            preprocess=declared.model_copy(update={"crop_pct": 1 - number / 100}),
            stage="crop" if number else "declared",
            n_images=200,
            top1=(top1 := 0.3 + 0.6 * number / n),
            low=top1 - 0.03,
            high=top1 + 0.03,
            **({"reference": 0, "n_better": 100, "n_worse": 20, "p_value": 1e-9} if number else {}),
            confidence=0.9,
            entropy=0.3,
            n_answers=10,
        )
        for number in range(n + 1)
    ]
    values = {
        "trials": tuple(trials),
        "better": n,
        "comparison": Comparison(
            drop=-0.4,
            low=-0.5,
            high=-0.3,
            n_images=200,
            n_changed=130,
            n_worse=20,
            n_better=100,
            p_value=1e-9,
            smallest_drop=0.1,
            n_for_half_a_point=9000,
        ),
        "labelled": True,
        "n_compared": n + 4,
        "n_calibration": 150,
        "n_selection": 50,
        "n_evaluation": 0,
        "seconds": 30.0,
    }
    return PreprocessingDetection(**values | changed)


def made_sensitivity(n: int) -> Sensitivity:
    groups = tuple(
        LayerSensitivity(
            layer=f"stages.{number}.blocks.{number}.conv_pointwise",
            channels=64,
            points=tuple(
                SensitivityPoint(ratio=ratio, top1=1.0 - ratio * (number + 1) / n) for ratio in (0.1, 0.3, 0.5, 0.7)
            ),
        )
        for number in range(n)
    )
    return Sensitivity(layers=groups, top1=1.0, labelled=True, n_images=64)


def made_preview(n: int) -> DataPreview:
    counts = tuple(
        ClassCount(
            name=f"a class with a long name {number}", train=60 * (number + 1), calibration=10, evaluation=30, holdout=1
        )
        for number in range(n)
    )
    return DataPreview(
        summary=made_report().data,
        counts=counts,
        skipped=(),
        examples=(),
        n_outputs=n,
        head_fits=True,
        preprocess=Preprocess(size=(8, 8), mean=(0.5,), std=(0.5,)),
    )


def made_profile(n: int) -> ModelProfile:
    counts = {f"QLinearGlobalAveragePool{number}": 1 + number * number for number in range(n)}
    return ModelProfile(
        name="m",
        format="onnx",
        weights="file",
        inputs={},
        outputs={},
        opset=18,
        parameters=1,
        macs=None,
        size_bytes=1,
        layers=counts,
        classes=None,
        n_outputs=None,
        preprocess=None,
    )


def made_epochs(n: int) -> list[Event]:
    return [
        Event(
            time="",
            step="qat",
            phase="train",
            fraction=0.5,
            message="",
            metrics={
                "epoch": float(number),
                "train_loss": 100 ** (1 - number / n),
                "validation_top1": 1 - 0.4 / number,
                "averaged_weights_top1": 1 - 0.5 / number,
            },
        )
        for number in range(1, n + 1)
    ]


def made_faulty() -> go.Figure:
    """A figure with every fault that is looked for."""
    figure = canvas("faulty", height=300)
    figure.add_scatter(x=[1, 2], y=[1, 2], mode="lines", line={"color": BASELINE})
    figure.add_scatter(x=[1.2], y=[1.8], mode="markers", marker={"size": 30, "color": BASELINE})
    for x, y, text, more in (
        (1.5, 1.5, "struck", {}),
        (1.2, 1.8, "covered", {}),
        (1.8, 1.2, "over", {}),
        (1.8, 1.2, "under", {}),
        (2.0, 1.0, "outside", {"xshift": 60}),
        (1.2, 1.2, "pale", {"opacity": 0.3}),
    ):
        figure.add_annotation(x=x, y=y, text=text, showarrow=False, **more)
    figure.update_xaxes(tickvals=[1, 2], ticktext=["same", "same"], range=[0.9, 2.1])
    return figure
