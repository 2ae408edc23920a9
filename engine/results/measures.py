"""The names and figures of how close a variant's answers are to the baseline's: a row for each measure."""

from dataclasses import dataclass

from engine.results.measurements import Fidelity, InputSpec, Measure
from engine.results.report import Report, Variant
from engine.settings import ArraysData


@dataclass(frozen=True, kw_only=True)
class MeasureTexts:
    """How one measure is written; `Measure` itself is its name inside a sentence, as in 0.4 points of agreement.

    `{figure}` stands for the similarity, `{reference}` for the model that is compared with, and `{examples}` for what
    was compared on.
    """

    title: str
    """Of a chart, an axis or a figure by itself."""
    question: str
    """Above a chart that answers it."""
    sentence: str
    participle: str
    """Of a variant: a clause that can follow its speed and its size."""
    phrase: str
    """Of a variant: what it has."""
    short: str
    """Beside other figures."""
    is_percent: bool = True
    least: float = 0.0
    """The lowest similarity that there can be."""

    def figure(self, similarity: float, digits: int = 2) -> str:
        """99.20 % with so many digits; a measure that is no share has four always."""
        text = f"{100 * similarity:.{digits}f} %" if self.is_percent else f"{similarity:.4f}"
        return text.replace("-", "−")


MEASURES: dict[Measure, MeasureTexts] = {
    "agreement": MeasureTexts(
        title="Agreement with the baseline",
        question="Still the same answers?",
        sentence="{figure} of the answers are the baseline's",
        participle="agreeing with the baseline on {figure} of the inputs",
        phrase="agreement with {reference} on {figure} of the {examples}",
        short="{figure} agree",
    ),
    "label agreement": MeasureTexts(
        title="Label agreement with the baseline",
        question="Still the same labels?",
        sentence="{figure} of the labels are the baseline's",
        participle="giving {figure} of the labels as the baseline does",
        phrase="label agreement with {reference} of {figure} on the {examples}",
        short="{figure} of labels agree",
    ),
    "pixel agreement": MeasureTexts(
        title="Pixel agreement with the baseline",
        question="Still the same classes?",
        sentence="{figure} of the pixels have the baseline's class",
        participle="giving {figure} of the pixels the baseline's class",
        phrase="pixel agreement with {reference} of {figure} on the {examples}",
        short="{figure} of pixels agree",
    ),
    "detection F1": MeasureTexts(
        title="Detection F1 against the baseline",
        question="Still the same detections?",
        sentence="F1 of {figure} against the baseline's detections",
        participle="with an F1 of {figure} against the baseline's detections",
        phrase="a detection F1 of {figure} against {reference} on the {examples}",
        short="F1 {figure}",
    ),
    "cosine similarity": MeasureTexts(
        title="Cosine similarity with the baseline",
        question="Still the same embeddings?",
        sentence="cosine similarity of {figure} with the baseline's outputs",
        participle="with a cosine similarity of {figure} with the baseline",
        phrase="a cosine similarity of {figure} with {reference} on the {examples}",
        short="cosine {figure}",
        is_percent=False,
        least=-1.0,
    ),
    "explained variance": MeasureTexts(
        title="Explained variance of the baseline",
        question="Still the same outputs?",
        sentence="{figure} of the baseline's variance is explained",
        participle="explaining {figure} of the baseline's variance",
        phrase="an explained variance of {figure} beside {reference} on the {examples}",
        short="{figure} explained",
        least=float("-inf"),
    ),
}


def measure_title(measure: str) -> str:
    """The name of a measure at the beginning of a line or as the head of a column: Detection F1."""
    return measure[0].upper() + measure[1:]


def similarity_text(fidelity: Fidelity, digits: int = 2) -> str:
    """The similarity as a figure: 99.20 %, or 0.9920 where the measure is no share."""
    return MEASURES[fidelity.measure].figure(fidelity.similarity, digits)


def report_measure(report: Report) -> Measure | None:
    """The measure of all the report's similarities, which are of one task; None before anything was compared."""
    fidelities = (
        *(variant.fidelity for variant in report.variants),
        *(variant.selection.fidelity for variant in report.variants if variant.selection is not None),
        *(trial.fidelity for race in report.races for trial in race.trials.values()),
    )
    return next((one.measure for one in fidelities if one is not None), None)


def report_quality(report: Report) -> str | None:
    """What a report judges its variants by: accuracy, or without labels its measure; None before anything was."""
    return "accuracy" if any(variant.accuracy for variant in report.main_variants) else report_measure(report)


def quality_name(variant: Variant) -> str:
    """What a variant's loss is a loss of: top-1, or without labels the measure of its similarity."""
    if variant.accuracy is not None:
        return "top-1"
    return variant.fidelity.measure if variant.fidelity is not None else "similarity"


def example_noun(report: Report) -> str:
    """What a report's figures were measured on, in the singular: image, or example where they are arrays."""
    if isinstance(report.recipe.data, ArraysData):
        return "example"
    return input_noun(report.baseline.input) if report.baseline is not None else "image"


def input_noun(spec: InputSpec) -> str:
    """What a model with this input takes, in the singular."""
    return "image" if spec.preprocess is not None else "example"
