"""Distillation: checks that student, teacher and data go together, and trains the student on the teacher's answers."""

from dataclasses import replace

from torch import nn

from engine.context import Outcome, image_preprocess, no_progress
from engine.errors import StepError
from engine.models.artifacts import TorchModel, save_weights
from engine.results import Note, codes
from engine.settings import Distill
from engine.training.batches import PLAIN, Pixels, Views
from engine.training.context import TeacherContext
from engine.training.curve import Fit
from engine.training.distillation_losses import LOSSES
from engine.training.distillation_token import with_token
from engine.training.feature_matching import Features, Tokens
from engine.training.loop import fit
from engine.training.objectives import Answers, Labels, Objective
from engine.training.teacher import TRAINING_START, Ask, Teacher, teacher_session
from engine.training.teacher_answers import Answer, answer_all, cached_answers, live_answers, of_batch
from engine.training.teacher_features import feature_function, projection
from engine.wording import percent

AGREES = "answered as the teacher does"


def learn_answers(student: TorchModel, teacher: Teacher, settings: Distill, context: TeacherContext) -> Outcome:
    """The student after it has learnt the teacher's answers on the train images.

    Raises StepError where there are no train images, where teacher and student do not go together, or where the loss or
    an answer is not finite.
    """
    train = context.data.images("train")
    _check_outputs(teacher, student)
    context.on_progress(0.0, f"decoding {len(train)} train images")
    module = with_token(student) if settings.match == "tokens" else student.build()
    pixels = train.cached(context.shared).array
    if pixels is None:
        raise StepError(
            "a student needs train images to learn from, and there are none",
            "Raise the share of images for training (split.train)",
        )
    result = _learn(student, module, pixels, teacher, settings, context)
    distilled = replace(
        student,
        weights=save_weights(module, context.folder / "weights.safetensors"),
        weights_label="distilled",
        classes=context.data.classes or teacher.model.classes or student.classes,
    )
    return Outcome(
        model=distilled,
        notes=_notes(result, teacher, settings, context),
        complete=not result.stopped_by_budget,
        ended_early=result.stopped_early,
    )


def _learn(
    student: TorchModel, module: nn.Module, pixels: Pixels, teacher: Teacher, settings: Distill, context: TeacherContext
) -> Fit:
    views, criterion = Views(pixels, settings, context.seed), "right" if _by_labels(settings, context) else AGREES
    with teacher_session(teacher.model, context) as ask:
        return fit(
            module,
            pixels,
            _objective(ask, student, views, teacher, settings, context),
            student.preprocess,
            settings,
            seed=context.seed,
            checkpoint=context.checkpoint,
            card=context.target.device_id,
            deadline=context.deadline,
            on_epoch=lambda point: context.on_progress(
                TRAINING_START + (1 - TRAINING_START) * point.share, point.message(criterion), **point.metrics
            ),
        )


def _objective(
    ask: Ask, student: TorchModel, views: Views, teacher: Teacher, settings: Distill, context: TeacherContext
) -> Objective:
    if settings.match == "features":
        # These two raise where features cannot be matched, before the teacher computes any answers.
        ask_features, extra = feature_function(teacher), projection(student, teacher, context.seed)
        answers = _answers(ask, views, teacher, settings, context)
        features = _view_answers(ask_features, "features", views, teacher, settings, context)
        return Features(answers=answers, features=of_batch(features), extra=extra)
    answers = _answers(ask, views, teacher, settings, context)
    return Tokens(answers=answers) if settings.match == "tokens" else answers


def _answers(ask: Ask, views: Views, teacher: Teacher, settings: Distill, context: TeacherContext) -> Answers:
    answer = _view_answers(ask, "answers", views, teacher, settings, context)
    labels = context.data.split("train").labels
    plain = answer_all(answer, len(views.pixels), PLAIN, no_progress)
    return Answers(
        answers=of_batch(answer),
        plain=plain,
        n_views=settings.views or None,
        temperature=settings.temperature,
        compare=LOSSES[settings.loss],
        labels=Labels(labels, settings.label_smoothing) if labels is not None and settings.label_share else None,
        label_share=settings.label_share,
    )


def _view_answers(
    ask: Ask, kind: str, views: Views, teacher: Teacher, settings: Distill, context: TeacherContext
) -> Answer:
    """The teacher's answers or features (`kind`) for images in a view; cached where the number of views is set."""
    answer = live_answers(ask, views)
    if not settings.views:
        return answer
    suffix = "" if kind == "answers" else f" ({kind})"
    start = TRAINING_START / 2 if kind == "features" else 0.0
    share = TRAINING_START / 2 if settings.match == "features" else TRAINING_START
    address = (kind, teacher.model.sha256, image_preprocess(teacher.model).model_dump(mode="json"))
    return cached_answers(
        answer,
        address,
        len(views.pixels),
        settings.views,
        settings,
        context,
        lambda fraction, text: context.on_progress(start + share * fraction, text + suffix),
    )


def _check_outputs(teacher: Teacher, student: TorchModel) -> None:
    if teacher.model.n_outputs != student.num_classes:
        raise StepError(
            f"the teacher ({teacher.name}) has {teacher.model.n_outputs} outputs and the student {student.num_classes}",
            "Name a student, which gets as many outputs as its teacher",
        )


def _by_labels(settings: Distill, context: TeacherContext) -> bool:
    """Whether labels are part of the loss; then they say which answers are right."""
    return context.data.labelled and settings.label_share > 0


def _notes(result: Fit, teacher: Teacher, settings: Distill, context: TeacherContext) -> tuple[Note, ...]:
    labels = _by_labels(settings, context)
    n_images = result.n_train + result.n_validation
    questions = f"{settings.views} views of {n_images} train images" if settings.views else "every view at every step"
    share = (
        f"Labels had a share of {percent(settings.label_share)} in the loss" if labels else "Labels had no part in it"
    )
    match_notes = {
        "features": (Note(code="matched", text="Its pooled features were matched too"),),
        "tokens": (Note(code="matched", text="A distillation token of the student's learnt its answers"),),
    }
    return (
        Note(code=codes.TEACHER, text=f"The teacher, {teacher.name}, answered {questions}"),
        *match_notes.get(settings.match, ()),
        Note(code="label_share", text=share),
        *result.notes("right" if labels else AGREES),
    )
