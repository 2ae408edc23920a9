"""Whether the parts of a recipe fit together, by the results of earlier analyses. No model and no image is opened."""

from dataclasses import dataclass, field
from typing import TypeVar

from engine.api.jobs import find_analysis
from engine.jobs.queue import Queue
from engine.planning.applicability import recipe_refusal
from engine.planning.compatibility import (
    batch_misfit,
    head_misfit,
    maps_labels,
    teacher_images,
    teacher_outputs,
    teacher_task,
    unlabelled_task,
)
from engine.results import DataPreview, ModelProfile, Preflight, Refusal, Result, codes
from engine.settings import (
    RANDOM,
    AnalysisRequest,
    BaselineModel,
    FileModel,
    ModelSource,
    Preprocess,
    PreviewRequest,
    ProfileRequest,
    Recipe,
    TeacherSource,
    TimmModel,
)
from engine.tasks import TASKS

R = TypeVar("R", bound=Result)


def preflight(recipe: Recipe, *, from_browser: bool = False) -> Preflight:
    """Why a resolved recipe cannot run, and which analyses are still needed to know. Raises RequestError."""
    findings = _Findings(from_browser)
    own = ProfileRequest(model=recipe.model, preprocess=recipe.preprocess)
    profile, preview = findings.of(own, ModelProfile, "the model"), None
    if recipe.data is not None and not findings.refusals:
        preview = findings.of(_preview_request(recipe), DataPreview, "the images")
    if profile is not None:
        findings.refuse(*_model_misfits(recipe, profile, preview))
        for teacher in _teachers(recipe):
            _check_teacher(findings, teacher, profile.preprocess, _classes_to_learn(recipe, preview))
    return Preflight(refusals=tuple(findings.refusals), unknown=tuple(findings.unknown))


def known_profile(
    model: ModelSource, preprocess: Preprocess | None = None, *, from_browser: bool = False
) -> ModelProfile | None:
    """The profile of a model with this preprocessing, where this home has one; none is started. Raises RequestError."""
    request = ProfileRequest(model=model, preprocess=preprocess)
    return _Findings(from_browser).of(request, ModelProfile, "the model")


@dataclass
class _Findings:
    """The results of earlier analyses, the refusals that follow from them, and the analyses that are still missing."""

    from_browser: bool
    refusals: list[Refusal] = field(default_factory=list)
    unknown: list[AnalysisRequest] = field(default_factory=list)

    def of(self, request: AnalysisRequest, kind: type[R], name: str) -> R | None:
        """The result of an analysis, or None; its failure is added to `refusals`, its absence to `unknown`."""
        job = find_analysis(request, from_browser=self.from_browser)
        if job is None or job.state == "cancelled":
            self.unknown.append(request)
        elif job.state == "failed" and job.error is not None:
            message = f"{name} cannot be used: {job.error.text}"
            self.refusals.append(Refusal(message=message, next=job.error_next, request=request))
        elif job.state == "done":
            result = Queue.default().result(job.id)
            return result if isinstance(result, kind) else None
        elif job.state != "failed":
            self.unknown.append(request)
        return None

    def refuse(self, *misfits: Refusal | None) -> None:
        self.refusals += [misfit for misfit in misfits if misfit is not None]


def _preview_request(recipe: Recipe) -> PreviewRequest:
    if recipe.data is None:
        raise ValueError("a recipe without data has no preview")
    return PreviewRequest(
        model=recipe.model, data=recipe.data, split=recipe.split, preprocess=recipe.preprocess, seed=recipe.seed
    )


def _model_misfits(recipe: Recipe, profile: ModelProfile, preview: DataPreview | None) -> tuple[Refusal | None, ...]:
    """The checks of engine/run/preflight.py, as far as profile and preview allow them."""
    shape = next(iter(profile.inputs.values()), ())
    batch = shape[0] if shape and isinstance(shape[0], int) else None
    misfits = [batch_misfit(batch, recipe.target.batch_size) if isinstance(recipe.model, FileModel) else None]
    misfits.append(recipe_refusal(recipe, profile))
    if recipe.baseline_steps:
        return tuple(misfits)
    if not TASKS[profile.task].classes:
        labelled = preview is not None and preview.summary.classes is not None
        return (*misfits, unlabelled_task(profile.task) if labelled else None)
    mapped = maps_labels(recipe) and not recipe.trains
    if preview is not None and preview.head_fits is False and not mapped:
        classes, trainable = len(preview.summary.classes or ()), not isinstance(recipe.model, FileModel)
        misfits.append(head_misfit(profile.n_outputs or 0, classes, preview.warnings, trainable=trainable))
    return tuple(misfits)


def _teachers(recipe: Recipe) -> dict[TeacherSource, None]:
    """Every model that a step names as its teacher, once, in order."""
    sources = (step.source for chain in recipe.chains for step in chain)
    return {source: None for source in sources if source is not None}


def _classes_to_learn(recipe: Recipe, preview: DataPreview | None) -> tuple[str, ...] | None:
    """The classes of the data in the order of the outputs; None without labels, or where that is not known.

    Labels that were matched to ImageNet's outputs, or to their numbers, get a head of their own by a fine-tune that
    makes the baseline, as in engine/run/pipeline.py.
    """
    if preview is None:
        return None
    matched = {note.code for note in preview.warnings} & {codes.CLASSES_BY_IMAGENET, codes.CLASSES_BY_NUMBER}
    if recipe.baseline_steps and matched:
        return tuple(row.label for row in preview.mapping)
    return preview.summary.classes


def _check_teacher(
    findings: _Findings, teacher: TeacherSource, student: Preprocess | None, classes: tuple[str, ...] | None
) -> None:
    """Adds what is wrong with a teacher to the findings.

    A teacher whose profile does not say how its images are prepared gets them as the student does, as in
    engine/training/teacher.py.
    """
    if isinstance(teacher, BaselineModel):
        return
    source = _without_weights(teacher, student) if isinstance(teacher, TimmModel) else teacher
    profile = findings.of(ProfileRequest(model=source), ModelProfile, "the teacher")
    if profile is not None and any(note.code == codes.PREPROCESS_ASSUMED for note in profile.warnings):
        profile = findings.of(ProfileRequest(model=source, preprocess=student), ModelProfile, "the teacher")
    if profile is None:
        return
    findings.refuse(teacher_task(profile.name, profile.task))
    findings.refuse(teacher_outputs(profile.name, profile.n_outputs, profile.classes, classes))
    if profile.preprocess is not None and student is not None:
        findings.refuse(teacher_images(profile.name, profile.preprocess, student))


def _without_weights(teacher: TimmModel, student: Preprocess | None) -> TimmModel:
    """The architecture for the student's images, as distilling loads it, with random weights.

    Its inputs and outputs do not depend on the weights, which would have to come from the Hub.
    """
    changes: dict[str, object] = {}
    if student is not None:
        size = teacher.img_size or TimmModel.edge_of(student.size)
        changes = {"img_size": size, "in_chans": teacher.in_chans or len(student.mean)}
    if not teacher.from_hub and teacher.weights_path is None:
        changes["weights"] = RANDOM
    return teacher.model_copy(update=changes)
