"""Suggestions of another chain; each rule returns one, or None."""

from engine import catalogue
from engine.catalogue.measured import CPUS, QAT, find_pruning, find_race, pruning_rows, race_summary
from engine.catalogue.published import published
from engine.planning.presets import RATIO
from engine.planning.suggestions.facts import Facts, published_text
from engine.results import Basis, Suggestion, codes, times_as_fast
from engine.settings import RANDOM, Distill, Finetune, PruneChannel, Qat, QuantizeAuto, TimmModel
from engine.wording import many, percent, time_was_up

FIRST_EPOCHS, EPOCHS_FACTOR, MAX_EPOCHS = 20, 4, 1000
"""Epochs of a first fine-tune, the factor for one that was too short, and the most that a recipe allows."""


def train(facts: Facts) -> Suggestion:
    """Training of the baseline, or longer training. The figures are those of docs/log.md, 2026-11-22."""
    chain, model = facts.recipe.chains[0], facts.recipe.model
    first_finetune = chain[0] if chain and isinstance(chain[0], Finetune) else None
    epochs = min(EPOCHS_FACTOR * first_finetune.epochs, MAX_EPOCHS) if first_finetune else FIRST_EPOCHS
    sentences = [
        "On the sample's images a new network was right on 5.6 % of the validation images after two epochs of "
        "16 steps, on 92 % after four"
    ]
    if isinstance(model, TimmModel) and model.weights == RANDOM and facts.entry and facts.entry.pretrained_tags:
        sentences.append(f"timm has pretrained weights of {facts.name} to begin with")
    if codes.TRAINING_STOPPED_BY_BUDGET in facts.notes:
        sentences.append(f"{time_was_up(facts.recipe.budget.minutes)} before the training was over: allow more")
    return Suggestion(
        code="train",
        title=f"Fine-tune for {many(epochs, 'epoch')} first",
        text=". ".join(sentences),
        basis="measured_elsewhere",
        steps=(
            (first_finetune or Finetune()).model_copy(update={"epochs": epochs}),
            *(chain[1:] if first_finetune else chain),
        ),
    )


def qat(facts: Facts) -> Suggestion | None:
    """QAT in place of a race whose notes say that it may help. The figures are those of docs/log.md, 2026-11-25."""
    races = (race for race in facts.report.races if any(note.code == codes.QAT_MAY_HELP for note in race.notes))
    race = next(races, None)
    if race is None:
        return None
    chain = facts.recipe.chains[race.branch]
    text = (
        f"Static INT8 loses too much here. On {QAT.name} it had {percent(QAT.top1_static, 1)} top-1 where FP32 has "
        f"{percent(QAT.top1_fp32, 1)}; trained, it had {percent(QAT.top1, 1)} and was "
        f"{times_as_fast(QAT.speedup, 'FP32')}, at one thread on {CPUS['VNNI']}"
    )
    return Suggestion(
        code="qat",
        title="Quantize and train",
        text=text,
        basis="measured_elsewhere",
        steps=(*chain[: race.step], Qat(), *chain[race.step + 1 :]),
    )


def quantize(facts: Facts) -> Suggestion | None:
    """The race of quantizers, where there was none and it is not known to end with FP32 on such a CPU."""
    raced_here = any(isinstance(step, QuantizeAuto) for step in facts.attempted_steps)
    row = find_race(facts.name, facts.cpu) if facts.cpu else None
    if raced_here or codes.ALREADY_QUANTIZED in facts.notes or (row is not None and not row.speedup.surely_faster):
        return None
    basis: Basis = "measured_elsewhere"
    if facts.on_sample and facts.cpu == "VNNI":
        text = facts.sample_text("safe")
    elif row is not None:
        text = (
            f"{facts.relative(row.name)} was {times_as_fast(row.speedup, 'FP32')} with "
            f"{percent(row.top1, 1)} top-1 where FP32 has {percent(row.top1_fp32, 1)}, as {row.winner}, on "
            f"{CPUS[row.cpu]}"
        )
    else:
        others = f". {race_summary(facts.cpu)}" if facts.cpu else ""
        text, basis = f"Nothing is measured of {facts.model_name} or its family{others}", "unknown"
    return Suggestion(
        code="quantize", title="Race the ways to quantize", text=text, basis=basis, steps=facts.presets["safe"].steps
    )


def prune(facts: Facts) -> Suggestion | None:
    """The preset that prunes, where it is not refused and no chain removed channels."""
    preset, row = facts.presets["balanced"], find_pruning(facts.name)
    if preset.refused is not None or any(isinstance(step, PruneChannel) for step in facts.attempted_steps):
        return None
    basis: Basis = "measured_elsewhere"
    if facts.on_sample:
        text = facts.sample_text("balanced")
    elif row is not None and facts.recipe.goal == "size":
        text = (
            f"{facts.relative(row.name)} with 50 % of its channels removed had {row.parameters_divided_by:g} times "
            f"fewer parameters; this removes {percent(RATIO)}, which saves less. Accuracy depends on the training "
            "after it"
        )
    elif row is not None:
        text = (
            f"{facts.relative(row.name)} with {percent(RATIO)} of its channels removed was "
            f"{times_as_fast(row.at_30_percent)}, in FP32 on {CPUS['VNNI']}. Accuracy depends on the training "
            "after it"
        )
    else:
        times = [one.at_30_percent.times for one in pruning_rows()]
        text = (
            f"Nothing is measured of {facts.model_name} or its family. {len(times)} other networks with "
            f"{percent(RATIO)} of their channels removed were {min(times):.2f} to {max(times):.2f} times as fast, "
            f"in FP32 on {CPUS['VNNI']}. Accuracy depends on the training after it"
        )
        basis = "unknown"
    return Suggestion(
        code="prune", title=f"Prune {percent(RATIO)} and train", text=text, basis=basis, steps=preset.steps
    )


def distill(facts: Facts) -> Suggestion | None:
    """The preset that distils, where it is not refused and no chain trained a student; students are classifiers."""
    if not facts.is_image_classifier:
        return None
    preset = facts.presets["smallest"]
    student = next((step.student for step in preset.steps if isinstance(step, Distill)), None)
    already_distilled = any(isinstance(step, Distill) and step.student for step in facts.attempted_steps)
    if preset.refused is not None or student is None or already_distilled:
        return None
    basis, text = _student(facts, student)
    return Suggestion(code="distill", title=f"Distil into {student}", text=text, basis=basis, steps=preset.steps)


def _student(facts: Facts, name: str) -> tuple[Basis, str]:
    """The basis and the text for a student: parameters, published top-1, and its speed where it was measured."""
    if facts.on_sample:
        return "measured_elsewhere", facts.sample_text("smallest")
    student, own_parameters = (
        catalogue.entry(name),
        facts.entry.parameters if facts.entry else facts.baseline.parameters,
    )
    architecture = facts.advice.architecture(name) if facts.advice else None
    sentences = [
        f"{name} has {student.parameters / 1e6:.1f} M parameters, {facts.model_name} {own_parameters / 1e6:.1f} M"
        if student and own_parameters
        else f"{name} is a small network"
    ]
    figure = published(name, facts.edge)
    if figure is not None:
        sentences.append(f"Top-1 published on ImageNet: {published_text(name, figure)}{_own_published_text(facts)}")
    if architecture and architecture.latency:
        sentences.append(f"It is {times_as_fast(architecture.latency, facts.model_name)} here, before it is quantized")
    basis: Basis = "measured_here" if architecture and architecture.latency else "published" if figure else "unknown"
    return basis, f"{'. '.join(sentences)}. What it reaches on your images shows once it has learnt"


def _own_published_text(facts: Facts) -> str:
    """The published top-1 of the model's weights, or of the shortlist's for its architecture; empty if unknown."""
    model = facts.recipe.model
    figure = published(model.name, facts.edge) if isinstance(model, TimmModel) else None
    return f", {published_text(facts.name, figure)}" if figure else ""
