"""Rough estimates of how long runs and analyses take, from counts and from the timings of earlier runs."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from engine import catalogue
from engine.catalogue.shortlist import SHORTLIST
from engine.errors import StateError
from engine.jobs.kinds import kind_of, load
from engine.planning.parts import (
    ACCURACY,
    COLD_START,
    EXPORT,
    IMAGES,
    LATENCY,
    STARTING,
    PlannedPart,
    phase_of,
    plan_parts,
)
from engine.planning.raced import n_targets
from engine.results import Estimate
from engine.settings import (
    AdviseRequest,
    AnalysisRequest,
    ArraysData,
    DetectRequest,
    FileModel,
    PeaksRequest,
    Recipe,
    SampleData,
    SampleModel,
    SensitivityRequest,
    Step,
    Target,
    TimmModel,
)
from engine.settings.cost import EXPORT_SECONDS, TIMED_CALLS, TRAINING_MACS_PER_CORE, CostInputs, call_seconds
from engine.store.home import Home
from engine.store.timings import Factor, device_of, read_factors
from engine.system.machine import cores

FORMULA = 4
"""Version of the formulas. Raise it with every change of them: factors learnt by another version are not used."""
Factors = Mapping[str, Factor]
NO_FACTORS: Factors = MappingProxyType({})

SAMPLE_IMAGES, PHOTO_CROPS = 1797, 600
PHOTO_SHARES = {"train": 5 / 15, "calibration": 4 / 15, "evaluation": 6 / 15}
"""Those of the photos' fixed split (engine/data/samples.py)."""
SYNTHETIC_IMAGES = 64
SAMPLE_MACS, SAMPLE_SIZE = 90e6, 64  # resnet10t at 64 px, one channel
IMAGES_STEPS = 150  # of making images, for all of which there are half as many again as SYNTHETIC_IMAGES
IMAGES_SECONDS, IMAGES_SHARE = 180.0, 0.2  # at most, and of the budget's minutes
STARTING_SECONDS = 7.0  # importing torch, timm and onnxruntime
LATENCY_SECONDS = 2.0  # a variant, at the least
COLD_START_SECONDS = 1.5  # a variant: three processes that import the runtime, open a small file and call it
PAIR_SECONDS = 4.0  # of the advisor: one architecture beside the user's model
SAMPLE_GROUPS, GROUPS = 10, 30  # of layers whose channels go together
CUT_SECONDS, MAX_CUT_IMAGES = 1.0, 128  # of a sensitivity: cutting one group once, and the images that see it
MAX_TRIED_IMAGES, TRIALS = 300, 25  # of a detection: the images, and the preprocessings, most on fewer of them
TRIED_SHARE = 0.6  # the mean share of these images that a preprocessing is tried on
BYTES_PER_IMAGE = 50_000
PEAKS_SECONDS = 35.0  # 19 graphs in five rounds, two cores with AVX512


@dataclass(frozen=True)
class PlannedPhase:
    """A phase of a part of a run with its estimated seconds: by the formula alone, and corrected by earlier runs."""

    part: str
    phase: str
    formula_seconds: float
    seconds: float


def learnt_factors(home: Home, target: Target) -> Factors:
    """The corrections of the formulas by phase, learnt from the runs of this home on this machine."""
    device = device_of(target.provider, on_cpu=target.on_cpu)
    return read_factors(home, FORMULA, target.threads or cores(), device)


def estimate_any(request: Recipe | AnalysisRequest, home: Home) -> Estimate:
    """The estimate of a recipe, corrected by earlier runs of this home, or of an analysis.

    Raises StateError for a kind of analysis that has no estimate.
    """
    if isinstance(request, Recipe):
        return estimate_recipe(request, learnt_factors(home, request.target))
    path = kind_of(request).estimate
    if path is None:
        raise StateError(f"an analysis of the kind '{request.kind}' takes seconds and is not estimated", "Start it")
    estimate: Estimate = load(path)(request)
    return estimate


def estimate_recipe(recipe: Recipe, factors: Factors = NO_FACTORS) -> Estimate:
    """Seconds of the phases of a resolved recipe, corrected by `factors`."""
    phases: dict[str, float] = {}
    for planned_phase in plan_phases(recipe, factors):
        phases[planned_phase.phase] = phases.get(planned_phase.phase, 0.0) + planned_phase.seconds
    longest = factors.get(max(phases, key=lambda phase: phases[phase]), Factor())
    return Estimate(
        seconds=round(sum(phases.values()), 1),
        learnt_from=longest.n_runs,
        phases={name: round(seconds, 1) for name, seconds in phases.items()},
    )


def plan_phases(recipe: Recipe, factors: Factors = NO_FACTORS) -> tuple[PlannedPhase, ...]:
    """Every phase of every part of a resolved recipe, in the order in which a run goes through them.

    Fine-tuning and searching end with the budget's minutes.
    """
    parts, macs, images, shares = plan_parts(recipe), _macs(recipe), _images(recipe), split_shares(recipe)
    call = call_seconds(macs, recipe.target.threads or cores())
    variant_seconds = max(LATENCY_SECONDS, TIMED_CALLS * call * recipe.target.batch_size)
    fixed_seconds = {
        STARTING: STARTING_SECONDS,
        IMAGES: min(
            IMAGES_STEPS * SYNTHETIC_IMAGES * 3 * macs / (TRAINING_MACS_PER_CORE * cores()), images_seconds(recipe)
        ),
        EXPORT: EXPORT_SECONDS,
        ACCURACY: n_targets(recipe) * images * _scored_share(shares) * call,
        COLD_START: COLD_START_SECONDS * n_variants(recipe),
        LATENCY: variant_seconds * n_timed(recipe),
    }

    def plan_phase(part: PlannedPart, phase: str) -> PlannedPhase:
        ratio, limit = factors.get(phase, Factor()).ratio, math.inf
        if part.settings is None or phase != phase_of(part.settings):
            seconds = fixed_seconds[phase]
        else:
            limit = recipe.budget.minutes * 60
            train_images = images * shares.get("train", 0.0)
            seconds = part.settings.cost(_cost_inputs(recipe, part.settings, macs, train_images))
        return PlannedPhase(part.key, phase, seconds, min(ratio * seconds, limit))

    return tuple(plan_phase(part, phase) for part in parts for phase in part.phases)


def images_seconds(recipe: Recipe) -> float:
    """How long images may be made from the network's statistics, in seconds."""
    return min(IMAGES_SECONDS, IMAGES_SHARE * 60 * recipe.budget.minutes)


def _scored_share(shares: Mapping[str, float]) -> float:
    """The share of the images that score a variant: those that report and those that choose."""
    return shares["evaluation"] + shares.get("holdout", 0.0) + shares.get("calibration", 0.0) / 2


def n_timed(recipe: Recipe) -> int:
    """How many variants the final measurement is expected to time."""
    finalists = sum(part.settings.finalists for part in plan_parts(recipe) if part.settings is not None)
    return n_targets(recipe) * n_variants(recipe) + finalists


def n_variants(recipe: Recipe) -> int:
    """How many variants the run is expected to make, without the candidates of races: the baseline and every step's."""
    return sum(ACCURACY in part.phases for part in plan_parts(recipe))


def estimate_advice(request: AdviseRequest) -> Estimate:
    """Seconds of the phases of an advice without stored measurements; its minutes are the upper limit."""
    n_names = len(request.names or SHORTLIST)
    phases = {
        "starting": STARTING_SECONDS + EXPORT_SECONDS,
        "export": n_names * EXPORT_SECONDS,
        "latency": n_names * PAIR_SECONDS,
    }
    return Estimate(seconds=min(sum(phases.values()), 60 * request.minutes), phases=phases)


def estimate_sensitivity(request: SensitivityRequest) -> Estimate:
    """Seconds of the phases of a sensitivity, at most its minutes; the number of groups is a guess."""
    recipe = Recipe(model=request.model, data=request.data, preprocess=request.preprocess)
    tries = len(request.ratios) * (SAMPLE_GROUPS if isinstance(request.model, SampleModel) else GROUPS)
    n_images = min(request.split.calibration * _images(recipe), MAX_CUT_IMAGES)
    phases = {
        "starting": STARTING_SECONDS,
        "pruning": round(tries * CUT_SECONDS, 1),
        "accuracy": round(tries * n_images * call_seconds(_macs(recipe), cores()), 1),
    }
    return Estimate(seconds=round(min(sum(phases.values()), 60 * request.minutes), 1), phases=phases)


def estimate_detection(request: DetectRequest) -> Estimate:
    """Seconds of the phases of a detection, whose trials take its minutes at most."""
    recipe = Recipe(model=request.model, data=request.data, preprocess=request.preprocess)
    n_images = min((1 - request.split.evaluation) * _images(recipe), MAX_TRIED_IMAGES)
    trials = TRIALS * TRIED_SHARE * n_images * call_seconds(_macs(recipe), cores())
    phases = {
        "starting": STARTING_SECONDS + EXPORT_SECONDS,
        "trying": round(min(trials, 60 * request.minutes), 1),
    }
    return Estimate(seconds=round(sum(phases.values()), 1), phases=phases)


def estimate_peaks(request: PeaksRequest) -> Estimate:
    """Seconds of measuring the peaks of a quiet machine."""
    phases = {"starting": STARTING_SECONDS, "peaks": PEAKS_SECONDS}
    return Estimate(seconds=sum(phases.values()), phases=phases)


def _cost_inputs(recipe: Recipe, step: Step, macs: float, train_images: float) -> CostInputs:
    new = TimmModel(name=step.new_architecture) if step.new_architecture else None
    return CostInputs(
        train_images=train_images,
        macs=macs,
        new_macs=_timm_macs(new, recipe),
        cores=cores(),
        target_threads=recipe.target.threads or cores(),
        n_targets=n_targets(recipe),
        in_8_bits=not recipe.target.on_cuda,
        has_images=recipe.data is not None and not isinstance(recipe.data, ArraysData),
    )


def _timm_macs(model: TimmModel | None, recipe: Recipe) -> float | None:
    """MACs of a timm model at the recipe's input size, None where the catalogue does not have it."""
    entry = catalogue.entry(model.name) if model else None
    if model is None or entry is None:
        return None
    own_edge = SAMPLE_SIZE if isinstance(recipe.model, SampleModel) else entry.input_size[1]
    height, width = recipe.preprocess.size if recipe.preprocess else (model.img_size or own_edge,) * 2
    return entry.macs * height * width / (entry.input_size[1] * entry.input_size[2])


def _macs(recipe: Recipe) -> float:
    model = recipe.model
    if isinstance(model, TimmModel) and (macs := _timm_macs(model, recipe)):
        return macs
    if isinstance(model, FileModel) and model.path is not None and Path(model.path).exists():
        return Path(model.path).stat().st_size / 4 * 150  # as many uses of a weight as in a ResNet-50
    return SAMPLE_MACS if isinstance(model, SampleModel) else 4e9


def _images(recipe: Recipe) -> float:
    """About how many images or examples there are: the files of a folder, or a file's bytes by those of an image."""
    if recipe.data is None:
        return SYNTHETIC_IMAGES
    if isinstance(recipe.data, SampleData):
        return SAMPLE_IMAGES if recipe.data.name == "digits" else PHOTO_CROPS
    if recipe.data.path is None:
        return SAMPLE_IMAGES
    path = Path(recipe.data.path)
    if path.is_dir():
        return sum(1 for file in path.rglob("*") if file.is_file())
    return max(1.0, path.stat().st_size / BYTES_PER_IMAGE) if path.exists() else SAMPLE_IMAGES


def split_shares(recipe: Recipe) -> dict[str, float]:
    """Shares of the images by split; where no chain trains, the train share is added to evaluation."""
    if recipe.data is None:
        return {"evaluation": 1.0}
    if recipe.data == SampleData(name="photos"):
        return PHOTO_SHARES
    shares = dict(recipe.split)
    if not isinstance(recipe.data, SampleData) and not recipe.trains:
        shares["evaluation"] += shares.pop("train")
    return shares
