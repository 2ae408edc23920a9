"""What a teacher answers to views of the images: once for every view and kept, or anew at every step."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from engine.models.artifacts import content_key
from engine.settings.training import Training
from engine.system.machine import isa, versions
from engine.training.batches import Batch, Rows, Views
from engine.training.context import TeacherContext
from engine.training.objectives import Logits
from engine.training.teacher import BATCH, Ask

Answer = Callable[[Rows, int], Logits]
"""From rows (B,) and the number of a view to what the teacher makes of these images in it, (B, D)."""
ShareCallback = Callable[[float, str], None]


def anew(ask: Ask, views: Views) -> Answer:
    """The teacher itself, asked whenever its answer is wanted."""
    return lambda rows, view: ask(views.of(rows, view))


def to_all(answer: Answer, n_images: int, view: int, on_progress: ShareCallback) -> Logits:
    """(N, D) to every image in this view; `on_progress` hears of the share that is done before each batch."""
    given = []
    for start in range(0, n_images, BATCH):
        on_progress(start / n_images, f"image {start}")
        given.append(answer(np.arange(start, min(start + BATCH, n_images)), view))
    return np.concatenate(given)


def kept(
    answer: Answer,
    address: Sequence[object],
    n_images: int,
    n_views: int,
    settings: Training,
    context: TeacherContext,
    on_progress: ShareCallback,
) -> Answer:
    """The same out of (views, N, D) numbers: asked once, and found where they were asked for before.

    `address` says whose answers they are; the views' own content is added here.
    """
    seen = context.data.split("train").preprocess.model_dump(mode="json")
    key = content_key(
        *address,
        context.data.sha256,
        seen,
        context.seed,
        n_views,
        settings.flip,
        settings.shift,
        context.target.provider,
        versions(),
        isa(),
    )

    def fill(folder: Path) -> None:
        def said(view: int) -> ShareCallback:
            return lambda share, which: on_progress(
                (view + share) / n_views, f"the teacher answers view {view + 1} of {n_views}: {which}"
            )

        np.save(folder / "answers.npy", np.stack([to_all(answer, n_images, at, said(at)) for at in range(n_views)]))

    answers = np.load(context.cache(key, fill) / "answers.npy", mmap_mode="r")
    return lambda rows, view: np.array(answers[view, rows])


def of_batch(answer: Answer) -> Callable[[Batch], Logits]:
    return lambda batch: answer(batch.rows, batch.view)
