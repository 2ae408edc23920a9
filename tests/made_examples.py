"""Images with answers in a report made by hand, with their pictures in its folder."""

from pathlib import Path

from PIL import Image

from engine.results import Example, ExampleAnswer, Report
from tests.made import BASE, INT8


def with_examples(report: Report, folder: Path) -> Report:
    """The report with an image that all answer alike, one that turned wrong and one that turned right."""
    (folder / "examples").mkdir(parents=True, exist_ok=True)
    examples = []
    for number, (label, before, after) in enumerate((("0", "0", "0"), ("8", "8", "3"), ("3", "5", "3"))):
        picture = f"examples/{number:02d}.png"
        Image.new("L", (64, 64), 80 * number).save(folder / picture)
        answers = {
            BASE: ExampleAnswer(name=before, probability=0.9),
            INT8: ExampleAnswer(name=after, probability=0.6),
        }
        examples.append(Example(image_id=f"digit-{number}", label=label, picture=picture, answers=answers))
    return report.model_copy(update={"examples": tuple(examples)})
