"""The images of the report to hand over: some that a variant answers otherwise than the baseline, some alike."""

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import NotFoundError
from engine.results import CHANGE_TITLES, Disagreements, Example, ExampleAnswer, Report, Variant
from engine.wording import percent

MOST_CHANGED, MOST_ALIKE = 6, 4
MOST_BYTES = 1_000_000
"""No picture that a run keeps is as large: it is at most 192 pixels wide."""
PNG = b"\x89PNG\r\n\x1a\n"
SAME = "same answer"


@dataclass(frozen=True)
class ExampleCard:
    """An image as the page shows it; `picture` is a data URL, `change` in words."""

    picture: str
    image_id: str
    label: str | None
    before: str
    after: str
    change: str
    changed: bool

    @property
    def alt(self) -> str:
        """What the picture shows, for who does not see it."""
        return f"Image {self.image_id}" + (f", labelled {self.label}" if self.label is not None else "")


def compared_variant(report: Report) -> Variant | None:
    """The variant whose images are shown beside the baseline's: the recommended one, else the first one there is."""
    others = [one for one in report.main_variants if one.role != "baseline"]
    return next((one for one in others if report.recommends(one)), others[0] if others else None)


def examples_of(found: Disagreements, baseline_id: str) -> tuple[Example, ...]:
    """Images of a look at all disagreements, for a run that has kept none of its own."""
    return tuple(
        Example(
            image_id=row.image_id,
            label=row.label,
            picture=row.picture,
            answers={
                baseline_id: ExampleAnswer(name=row.baseline_answer, probability=row.baseline_probability),
                found.variant_id: ExampleAnswer(name=row.variant_answer, probability=row.variant_probability),
            },
        )
        for row in found.rows[:MOST_CHANGED]
    )


def example_cards(
    report: Report, variant: Variant, examples: Sequence[Example], find: Callable[[str], Path]
) -> Iterator[ExampleCard]:
    """First the images whose answer changed, in their order, then those that both answer alike.

    `find` gives the path of a picture, or raises NotFoundError; an image whose picture is gone is left out.
    """
    base = report.baseline
    if base is None:
        return
    both = [one for one in examples if {base.id, variant.id} <= one.answers.keys()]
    changed = [one for one in both if one.change(base.id, variant.id)]
    alike = [one for one in both if not one.change(base.id, variant.id)]
    for example in (*changed[:MOST_CHANGED], *alike[:MOST_ALIKE]):
        picture = _data_url(find, example.picture)
        if picture is None:
            continue
        change = example.change(base.id, variant.id)
        yield ExampleCard(
            picture=picture,
            image_id=example.image_id,
            label=example.label,
            before=_text(example.answers[base.id]),
            after=_text(example.answers[variant.id]),
            change=CHANGE_TITLES[change] if change else SAME,
            changed=change is not None,
        )


def _text(answer: ExampleAnswer) -> str:
    return f"{answer.name}, {percent(answer.probability)}"


def _data_url(find: Callable[[str], Path], name: str) -> str | None:
    """The picture within an address; None where it is gone or no such picture."""
    try:
        path = find(name)
        content = path.read_bytes() if path.stat().st_size <= MOST_BYTES else b""
    except (NotFoundError, OSError):
        return None
    return f"data:image/png;base64,{base64.b64encode(content).decode()}" if content.startswith(PNG) else None
