"""Reports made by hand, for whatever only reads them."""

from engine.results import (
    Accuracy,
    Advice,
    Architecture,
    CallLatency,
    ClassLoss,
    ColdStart,
    Comparison,
    DataSummary,
    Environment,
    Fidelity,
    InputSpec,
    Latency,
    LatencyEstimate,
    ModelProfile,
    Note,
    OwnModel,
    Published,
    Race,
    Recommendation,
    Report,
    Selection,
    Spread,
    Throughput,
    Trial,
    Variant,
    Verdict,
)
from engine.settings import Preprocess, QuantizeAuto, QuantizeStatic, Recipe, Target

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
AT_CHANCE = Accuracy(top1=0.1, top5=None, n_images=540, low=0.08, high=0.13, chance=0.12)
"""No better than guessing."""
NEAR_CHANCE = Accuracy(top1=0.4, top5=None, n_images=15, low=0.2, high=0.64, chance=0.33)
"""Better, on so few images that nobody can tell."""
LEARNT = Accuracy(top1=0.9, top5=None, n_images=540, low=0.87, high=0.92, chance=0.12)
GRAY = Preprocess(size=(64, 64), mean=(0.5,), std=(0.25,))


def made_variant(id: str, label: str, *, labelled: bool = True, **changed) -> Variant:
    """A measured variant; the baseline where its id is BASE."""
    base = id == BASE
    values = {
        "id": id,
        "parent_id": None if base else BASE,
        "branch": 0,
        "step": 0,
        "settings": None,
        "label": label,
        "technique": "baseline" if base else "quantize",
        "role": "baseline" if base else "step",
        "file": f"variants/{id}/model.onnx",
        "sha256": id[0] * 64,
        "size_bytes": 20_000_000 if base else 5_000_000,
        "parameters": 5_000_000,
        "macs": 80_000_000,
        "input": InputSpec(shape=(1, 64, 64), preprocess=GRAY),
        "latency": made_latency(2.0, 1.0) if base else made_latency(1.0, 0.5),
        "throughput": Throughput(batch_size=1, images_per_s=500 if base else 1000, low=490, high=1010),
        "accuracy": Accuracy(top1=0.99, top5=1.0, n_images=540, low=0.98, high=0.995) if labelled else None,
        "fidelity": None if base else Fidelity(agreement=0.97, sqnr_db=31.0, n_images=540),
        "cold_start": made_cold_start(40.0, None) if base else made_cold_start(100.0, 2.5),
        "verdict": None
        if base
        else Verdict(
            within_budget=True,
            faster="yes",
            codes=("accuracy_drop_uncertain",),
            drop=0.0,
            drop_low=-0.015,
            drop_high=0.015,
            certainty="probably",
        ),
        "seconds": 1.0,
        "notes": () if base else (Note(code="scheme", text="unsigned activations"),),
        "comparison": None if base else made_comparison(labelled=labelled),
        "class_loss": None if base or not labelled else made_class_loss(),
        "selection": None if base else made_selection(labelled=labelled),
    }
    return Variant(**(values | changed))


def made_comparison(drop=0.0, low=None, high=None, *, n=540, labelled=True) -> Comparison:
    """A loss with its interval, 1.5 points to either side unless given: so many images as that takes turned wrong."""
    n_worse, n_better = round(max(drop, 0) * n), round(max(-drop, 0) * n)
    return Comparison(
        drop=drop,
        low=drop - 0.015 if low is None else low,
        high=drop + 0.015 if high is None else high,
        n_images=n,
        n_changed=n_worse + n_better + 3,
        n_worse=n_worse,
        n_better=n_better,
        p_value=0.5 if labelled else None,
        smallest_drop=0.019 if labelled else None,
        n_for_half_a_point=3140 if labelled else None,
    )


def made_class_loss(drop=0.05, low=-0.02, high=0.16) -> ClassLoss:
    return ClassLoss(index=8, drop=drop, low=low, high=high, n_images=54, n_classes=10)


def made_selection(drop=0.0, sqnr_db=31.0, *, labelled=True, **changed) -> Selection:
    """What a variant shows on the images that choose."""
    values = {
        "comparison": made_comparison(drop, n=269, labelled=labelled),
        "fidelity": Fidelity(agreement=0.98, sqnr_db=sqnr_db, n_images=269),
        "accuracy": LEARNT if labelled else None,
        "class_loss": made_class_loss() if labelled else None,
    }
    return Selection(**(values | changed))


def made_latency(p50_ms: float, ratio: float) -> Latency:
    return Latency(
        runtime="onnxruntime",
        provider="CPUExecutionProvider",
        threads=2,
        batch_size=1,
        p50_ms=p50_ms,
        p95_ms=p50_ms * 1.5,
        n_runs=400,
        n_rounds=20,
        n_warmup=10,
        session_options={},
        ratio_to_baseline=ratio,
        ratio_low=ratio * 0.9,
        ratio_high=ratio * 1.1,
    )


def made_call_latency(p50_ms: float) -> CallLatency:
    """The latency of calls that are compared with nothing."""
    shared = made_latency(p50_ms, 1.0).model_dump(include=set(CallLatency.model_fields))
    return CallLatency(**shared)


def made_cold_start(load_ms: float, ratio: float | None) -> ColdStart:
    """Three fresh processes that were within a tenth of their median."""

    def spread(value: float) -> Spread:
        return Spread(median=value, low=0.9 * value, high=1.1 * value)

    return ColdStart(
        runtime="onnxruntime",
        provider="CPUExecutionProvider",
        threads=2,
        batch_size=1,
        n_processes=3,
        import_ms=spread(20.0),
        load_ms=spread(load_ms),
        first_call_ms=spread(3.0),
        import_bytes=spread(18_000_000),
        session_bytes=spread(92_000_000),
        load_ratio=spread(ratio) if ratio is not None else None,
    )


def made_report(*variants: Variant, run_id: str = "run1", labelled: bool = True, **changed) -> Report:
    """A finished report of the sample; two variants unless others are given."""
    shown = variants or (
        made_variant(BASE, "Baseline", labelled=labelled),
        made_variant(INT8, "Static INT8", labelled=labelled),
    )
    values = {
        "run_id": run_id,
        "state": "done",
        "created": "2026-01-01T00:00:00+00:00",
        "seconds": 40.0,
        "recipe": RECIPE,
        "environment": Environment(
            cpu="A CPU",
            cores=2,
            memory_bytes=8 * 10**9,
            isa=("avx2",),
            runtimes={"onnxruntime": ("CPUExecutionProvider",)},
            versions={"numpy": "2.0"},
        ),
        "data": DataSummary(
            n_train=1000,
            n_calibration=179,
            n_evaluation=540,
            n_holdout=0,
            n_skipped=0,
            classes=tuple("0123456789"),
            evaluation_sha256="c" * 64,
            n_selection=269,
        ),
        "variants": shown,
        "recommended": Recommendation(id=shown[-1].id, reason=Note(code="best", text="it is fast")),
    }
    return Report(**(values | changed))


WON, LATE, SLOW, OVER = "1" * 12, "2" * 12, "3" * 12, "4" * 12
REASON = Note(
    code="race_won",
    text="Static INT8 won among 4 candidates and FP32: 1.82 times as fast as FP32 (1.70 to "
    "1.95) in the race's own rounds, 5.00 MB, 0.2 points less top-1 on the selection "
    "images",
)
LOST = Note(
    code="race_nothing_faster",
    text="FP32 stays: nothing within the budget is faster; the fastest, Static "
    "INT8, is 0.83 times as fast as FP32 (0.79 to 0.87) in the race's own "
    "rounds",
)
RACED = Recipe.parse({**RECIPE.model_dump(exclude={"steps", "branches"}), "steps": [QuantizeAuto()]})


def made_disturbed_report(**changed) -> Report:
    """A report without any latency: other programs disturbed the calls of every variant."""
    estimate = LatencyEstimate(processor_ms=1.0, ratio_to_baseline=0.5, n_runs=100, n_disturbed=99)
    variants = (
        made_variant(id, label, latency=None, throughput=None, latency_estimate=estimate)
        for id, label in ((BASE, "Baseline"), (INT8, "Static INT8"))
    )
    values = {
        "warnings": (Note(code="not_measured", text="other programs disturbed the calls"),),
        "recommended": Recommendation(
            id=BASE, reason=Note(code="not_measured", text="no speed could be measured, so nothing is recommended")
        ),
    }
    return made_report(*variants, **(values | changed))


def made_trial(
    name: str, stage: str, code: str, text: str, ratio: float | None = None, sqnr_db: float | None = 30.0
) -> Trial:
    return Trial(
        name=name,
        reason=Note(code="all_operators", text=f"why {name} took part"),
        stage=stage,
        outcome=Note(code=code, text=text),
        ratio=ratio,
        ratio_low=ratio and ratio * 0.95,
        ratio_high=ratio and ratio * 1.06,
        n_rounds=0 if ratio is None else 3 if stage == "screened" else 12,
        fidelity=Fidelity(agreement=0.97, sqnr_db=sqnr_db, n_images=64),
    )


NOT_COMPARED = {"comparison": None, "class_loss": None, "selection": None}


def made_candidate(id: str, trial: Trial, **changed) -> Variant:
    """The variant of a trial: a candidate of a race, or its winner where the code of its outcome says so."""
    bare = (
        {}
        if trial.stage == "final"
        else {"latency": None, "throughput": None, "accuracy": None, "fidelity": None, "verdict": None} | NOT_COMPARED
    )
    values = {
        "role": "step" if trial.outcome.code == "winner" else "candidate",
        "settings": QuantizeStatic(method="static"),
    }
    return made_variant(id, trial.name, **(bare | values | changed))


def made_race(trials: dict[str, Trial], *, winner_id: str | None = WON, **changed) -> Race:
    """Won by `winner_id`, or still going on where that is None."""
    end = {"winner_id": winner_id, "n_images": 64, "seconds": 71.0, "reason": LOST if winner_id == BASE else REASON}
    values = {"branch": 0, "step": 0, "parent_id": BASE, "trials": trials} | (end if winner_id else {})
    return Race(**(values | changed))


def made_trials(*, won: bool = True) -> dict[str, Trial]:
    """Four of them, of which Static INT8 has won, or nobody."""
    first = ("winner", "Won", 0.55) if won else ("slower", "Not surely faster: 0.83 times as fast as FP32", 1.2)
    return {
        WON: made_trial("Static INT8", "final", *first),
        LATE: made_trial(
            "Static INT8, first 2 in float",
            "final",
            "not_the_best",
            "Within the budget, and not the best by the goal",
            0.7,
            34.0,
        )
        if won
        else made_trial(
            "Static INT8, first 2 in float",
            "final",
            "slower",
            "Not surely faster: 0.77 times as fast as FP32",
            1.3,
            34.0,
        ),
        SLOW: made_trial("Dynamic INT8", "screened", "slower", "Slower: 0.24 times as fast as FP32", 4.1, 41.0),
        OVER: made_trial(
            "Static INT8, per tensor",
            "built",
            "over_budget",
            "Out before the timing: 8.0 points less top-1 on the selection images",
            None,
            9.0,
        ),
    }


def made_race_report(*, won: bool = True, **changed) -> Report:
    """A finished report of a race with four candidates that Static INT8 has won, or FP32."""
    trials = made_trials(won=won)
    variants = (made_variant(BASE, "Baseline"), *(made_candidate(id, trial) for id, trial in trials.items()))
    values = {
        "recipe": RACED,
        "variants": variants,
        "races": (made_race(trials, winner_id=WON if won else BASE),),
        "recommended": Recommendation(id=WON, reason=Note(code="best", text="it is fast"))
        if won
        else Recommendation(id=BASE, reason=LOST),
    }
    return made_report(**(values | changed))


def made_open_race_report(**changed) -> Report:
    """A race that still runs: two candidates are built, one of them is screened, nobody has won."""
    trials = {
        WON: made_trial("Static INT8", "screened", "started", "Built", 0.55),
        OVER: made_trial("Static INT8, per tensor", "built", "started", "Built"),
    }
    variants = (
        made_variant(BASE, "Baseline", latency=None, throughput=None),
        *(made_candidate(id, trial) for id, trial in trials.items()),
    )
    values = {
        "recipe": RACED,
        "variants": variants,
        "races": (made_race(trials, winner_id=None),),
        "state": "running",
        "recommended": None,
    }
    return made_report(**(values | changed))


OWN_FIGURE = Published(tag="c3_in1k", img_size=176, top1=0.667)


def made_architecture(name: str, ratio: float | None, top1: float | None, **changed) -> Architecture:
    values = {
        "name": name,
        "family": "ResNet",
        "why": "it is small",
        "parameters": 5_400_000,
        "published": None if top1 is None else Published(tag="a1_in1k", img_size=224, top1=top1),
        "latency": None if ratio is None else made_latency(2 * ratio, ratio),
    }
    return Architecture(**(values | changed))


def made_advice(
    *architectures: Architecture, own: Published | None = OWN_FIGURE, architecture: str | None = "resnet10t", **changed
) -> Advice:
    """An advice for the sample, whose median is 2 ms."""
    mine = OwnModel(
        name="the sample",
        architecture=architecture,
        input_shape=(1, 64, 64),
        n_outputs=10,
        published=own,
        accuracy=None,
        p50_ms=2.0,
        lowest_ms=1.9,
        highest_ms=2.2,
    )
    values = {
        "own": mine,
        "target": Target(threads=2),
        "architectures": architectures,
        "complete": True,
        "environment": made_report().environment,
    }
    return Advice(**(values | changed))


GOOD = Verdict(
    within_budget=True, faster="yes", codes=(), drop=0.005, drop_low=-0.012, drop_high=0.02, certainty="probably"
)
TOO_MUCH = Verdict(
    within_budget=False, faster="yes", codes=("accuracy_drop_over_budget",), drop=0.14, drop_low=0.11, drop_high=0.17
)
SLOWER = GOOD.model_copy(update={"faster": "no", "codes": ("slower_than_baseline",)})
MANY = (
    ("Static INT8", 0.01, 1.0, GOOD),
    ("Pruned + Fine-tuned", 0.3, 0.85, TOO_MUCH),
    ("Simplified", 1.3, 0.99, SLOWER),
    ("Fine-tuned + Pruned + Fine-tuned + Static INT8, first 2 in float (chain 3)", 0.26, 0.985, GOOD),
    ("Dynamic INT8", 0.25, 0.985, GOOD),
    ("8-bit weights", 0.25, 0.985, GOOD),
    ("Half precision", 0.5, 0.99, GOOD),
    ("Distilled into mobilenetv4_conv_small_050 + INT8, trained", 0.05, 0.97, GOOD),
    ("Sparse", 0.99, 0.99, GOOD),
    ("Pruned + Distilled + Static INT8, percentile 99.99, layers only (chain 2)", 0.27, 0.984, GOOD),
    ("Swapped for mobilenetv3_small_100", 0.1, 0.96, GOOD),
)
"""Variants: label, size and latency beside the baseline's, top-1, verdict. Some lie on each other."""


def made_large_report(n: int, *, labelled: bool = True, **changed) -> Report:
    """`n` variants, 2 to 12, with a factor of 100 between the largest and the smallest, long names, and all verdicts.

    The second is recommended and always right, the third is over the budget and the fourth is slower.
    """
    made = [made_variant(BASE, "Baseline", labelled=labelled, size_bytes=45_000_000, latency=made_latency(20.0, 1.0))]
    for number, (label, share, top1, verdict) in enumerate(MANY[: n - 1], 1):
        right = Accuracy(top1=top1, top5=None, n_images=540, low=top1 - 0.012, high=min(top1 + 0.008, 1.0))
        made.append(
            made_variant(
                f"{number:012x}",
                label,
                branch=number,
                size_bytes=int(45_000_000 * share),
                verdict=verdict,
                latency=made_latency(20.0 * share, share),
                accuracy=right if labelled else None,
                fidelity=Fidelity(agreement=top1, sqnr_db=31.0, n_images=540),
                parent_id=BASE if number % 4 == 1 else made[-1].id,
            )
        )
    values = {"recommended": Recommendation(id=f"{1:012x}", reason=Note(code="best", text="it is fast"))}
    return made_report(*made, labelled=labelled, **(values | changed))


def made_many_trials(n: int) -> dict[str, Trial]:
    """`n` candidates of a race, some with long names: one has won, others reached the final or left before it."""
    stages = (("final", "winner"), ("final", "not_the_best"), ("screened", "slower"), ("built", "over_budget"))
    return {
        f"{number + 100:012x}": made_trial(
            label,
            *stages[min(number, 1) if number < 4 else number % 4 or 1],
            "as it went",
            None if number % 4 == 3 and number > 3 else share,
            5.0 + 5 * number,
        )
        for number, (label, share, _, _) in enumerate(MANY[:n])
    }


def made_profile(**changed) -> ModelProfile:
    """The profile of resnet10t with random weights."""
    values = {
        "name": "resnet10t",
        "format": "timm",
        "weights": "random",
        "inputs": {"x": ("N", 3, 176, 176)},
        "outputs": {},
        "opset": 18,
        "parameters": 5_440_000,
        "macs": 700_000_000,
        "size_bytes": 21_700_000,
        "layers": {"Conv": 12},
        "classes": None,
        "n_outputs": 1000,
        "preprocess": None,
    }
    return ModelProfile(**(values | changed))
