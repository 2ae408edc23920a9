"""A teacher's answers to views of the images: computed once for every view and cached, or at every step."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from engine.models.artifacts import content_key
from engine.settings.training import Training
from engine.system.machine import graphics_cards, isa, versions
from engine.training.batches import Batch, Rows, Views
from engine.training.context import TeacherContext
from engine.training.objectives import Logits
from engine.training.teacher import BATCH, Ask

Answer = Callable[[Rows, int], Logits]
"""From rows (B,) and the number of a view to the teacher's answers (B, D) to these images in it."""
ShareCallback = Callable[[float, str], None]


def live_answers(ask: Ask, views: Views) -> Answer:
    """Answers that the teacher computes at every call."""
    return lambda rows, view: ask(views.of(rows, view))


def answer_all(answer: Answer, n_images: int, view: int, on_progress: ShareCallback) -> Logits:
    """(N, D) answers to every image in this view; `on_progress` gets the share that is done before each batch."""
    batches = []
    for start in range(0, n_images, BATCH):
        on_progress(start / n_images, f"image {start}")
        batches.append(answer(np.arange(start, min(start + BATCH, n_images)), view))
    return np.concatenate(batches)


def cached_answers(
    answer: Answer,
    address: Sequence[object],
    n_images: int,
    n_views: int,
    settings: Training,
    context: TeacherContext,
    on_progress: ShareCallback,
) -> Answer:
    """The same answers from a cached array (views, N, D), which is computed where the cache has none.

    `address` identifies the teacher; what the views depend on is added to the key here.
    """
    preprocess = context.data.images("train").preprocess.model_dump(mode="json")
    key = content_key(
        *address,
        context.data.sha256,
        preprocess,
        context.seed,
        n_views,
        settings.flip,
        settings.shift,
        settings.crop,
        settings.auto_augment,
        context.target.arithmetic,
        graphics_cards(),
        versions(),
        isa(),
    )

    def fill(folder: Path) -> None:
        def view_progress(view: int) -> ShareCallback:
            return lambda share, message: on_progress(
                (view + share) / n_views, f"the teacher answers view {view + 1} of {n_views}: {message}"
            )

        np.save(
            folder / "answers.npy",
            np.stack([answer_all(answer, n_images, view, view_progress(view)) for view in range(n_views)]),
        )

    answers = np.load(context.cache(key, fill) / "answers.npy", mmap_mode="r")
    return lambda rows, view: np.array(answers[view, rows])


def of_batch(answer: Answer) -> Callable[[Batch], Logits]:
    return lambda batch: answer(batch.rows, batch.view)
