"""The settings of the techniques in which a network learns from another."""

from collections.abc import Callable
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from engine.settings.base import setting
from engine.settings.cost import CostInputs
from engine.settings.model import PRETRAINED, BaselineModel, FileModel, ModelSource, TeacherSource
from engine.settings.training import WEIGHTS, Training
from engine.wording import many

DistillationLoss = Literal["soft_targets", "standardised", "dist"]
LOSSES = {
    "soft_targets": "Soft targets",
    "standardised": "Soft targets of standardised logits",
    "dist": "Correlations (DIST)",
}


class Distill(Training):
    """A student learns a teacher's answers: a smaller network, or the same one; needs no labels.

    Hinton et al., https://arxiv.org/abs/1503.02531. The teacher answers the very views that the student sees: Beyer et
    al., https://arxiv.org/abs/2106.05237. Features: Romero et al., https://arxiv.org/abs/1412.6550. Distillation
    tokens: Touvron et al., https://arxiv.org/abs/2012.12877. DIST: Huang et al., https://arxiv.org/abs/2205.10536.
    Standardised logits: Sun et al., https://arxiv.org/abs/2403.01427.
    """

    title: ClassVar[str] = "Distil"
    label: ClassVar[str] = "Distilled"

    technique: Literal["distill"] = "distill"
    student: str | None = setting(
        None,
        label="Student",
        help="The timm architecture that learns; the model so far if empty.",
        min_length=1,
        max_length=1000,
    )
    student_weights: Literal["pretrained", "random"] = setting(
        PRETRAINED,
        label="The student's weights",
        choices=WEIGHTS,
        help="What a student of its own begins with; pretrained comes through the Hugging Face Hub.",
    )
    teacher: TeacherSource | None = setting(
        None,
        label="Teacher",
        help="Whose answers are learnt; those of the model so far if empty. kind: baseline is the run's baseline.",
    )
    epochs: int = setting(20, label="Epochs", help="Passes over the train images.", ge=1, le=1000)
    match: Literal["logits", "features", "tokens"] = setting(
        "logits",
        label="What is matched",
        choices={"logits": "Answers", "features": "Answers and features", "tokens": "Answers, by a token"},
        help="logits: the answers; features: also what the teacher sees before its head, where it is no ONNX "
        "file; tokens: the answers through a distillation token, which the student must have.",
    )
    loss: DistillationLoss = setting(
        "soft_targets",
        label="How answers are compared",
        choices=LOSSES,
        help="soft_targets: the divergence of the softened answers; standardised: the same, of logits brought to one "
        "mean and spread an image, so that a student need not be as sure as its teacher; dist: how answers correlate "
        "within an image, and within a class over a batch, which a student far smaller than its teacher can match.",
        expert=True,
    )
    temperature: float = setting(
        4.0,
        label="Temperature",
        help="How much the answers are softened: above 1 the classes that are not chosen count more.",
        gt=0,
        le=100,
    )
    label_share: float = setting(
        0.1,
        label="Share of the labels",
        percent="%",
        help="The share of the labels in the loss, where there are labels.",
        ge=0,
        le=1,
        expert=True,
    )
    views: int = setting(
        4,
        label="Views of an image",
        help="Views of each image, itself and augmented ones, that the teacher answers once; 0: a new one an epoch, "
        "answered anew at every step.",
        ge=0,
        le=100,
        expert=True,
    )

    @model_validator(mode="after")
    def _features_of_a_network(self) -> Self:
        if self.match == "features" and isinstance(self.teacher, FileModel):
            raise ValueError(
                "match is features and the teacher an ONNX file, which shows its answers alone: set match "
                "to logits, or name a timm model as teacher"
            )
        return self

    def cost(self, inputs: CostInputs) -> float:
        answer_seconds = (self.views or self.epochs + 1) * inputs.train_images * inputs.call_seconds
        return answer_seconds + super().cost(inputs)

    @property
    def new_architecture(self) -> str | None:
        return self.student

    @property
    def new_weights(self) -> str:
        return self.student_weights

    def with_new_architecture(self, name: str) -> Self:
        return self.model_copy(update={"student": name})

    @property
    def asks_baseline(self) -> bool:
        return isinstance(self.teacher, BaselineModel)

    @property
    def learns_task(self) -> bool:
        return self.source is not None

    @property
    def source(self) -> ModelSource | None:
        return None if isinstance(self.teacher, BaselineModel) else self.teacher

    def with_source(self, change: Callable[[ModelSource], ModelSource]) -> Self:
        return self if self.source is None else self.model_copy(update={"teacher": change(self.source)})

    @property
    def description(self) -> str:
        student = f"a new {self.student}" if self.student else "the model"
        teacher = "baseline" if self.asks_baseline else "model so far" if self.teacher is None else "teacher"
        return f"distil the answers of the {teacher} into {student} for {many(self.epochs, 'epoch')} and export"


class Swap(Training):
    """Another architecture in place of the model so far: trained on your labels, or on that model's answers.

    Architectures made to be small: Howard et al., https://arxiv.org/abs/1704.04861. Learning from the model's answers
    is `distill` with its defaults: Hinton et al., https://arxiv.org/abs/1503.02531.
    """

    title: ClassVar[str] = "Swap"
    label: ClassVar[str] = "Swapped"

    technique: Literal["swap"] = "swap"
    architecture: str = setting(
        label="Architecture", help="The timm architecture that takes the model's place.", min_length=1, max_length=1000
    )
    weights: Literal["pretrained", "random"] = setting(
        PRETRAINED,
        label="Weights",
        choices=WEIGHTS,
        help="What it begins with; pretrained comes through the Hugging Face Hub.",
    )
    learn_from: Literal["labels", "model"] = setting(
        "labels",
        label="Learns from",
        choices={"labels": "The labels", "model": "The model's answers"},
        help="labels: the data's; model: the answers of the model so far, which needs no labels.",
    )
    epochs: int = setting(20, label="Epochs", help="Passes over the train images.", ge=1, le=1000)

    def cost(self, inputs: CostInputs) -> float:
        return self.as_distill.cost(inputs) if self.learn_from == "model" else super().cost(inputs)

    @property
    def needs_labels(self) -> bool:
        return self.learn_from == "labels"

    @property
    def new_architecture(self) -> str | None:
        return self.architecture

    @property
    def new_weights(self) -> str:
        return self.weights

    def with_new_architecture(self, name: str) -> Self:
        return self.model_copy(update={"architecture": name})

    @property
    def learns_task(self) -> bool:
        return self.needs_labels

    @property
    def as_distill(self) -> Distill:
        """The distillation that is equal to this step where it learns from the model so far."""
        shared = {name: getattr(self, name) for name in Training.model_fields if name != "technique"}
        return Distill(student=self.architecture, student_weights=self.weights, **shared)

    @property
    def description(self) -> str:
        source = "the labels" if self.learn_from == "labels" else "the answers of the model so far"
        epochs = many(self.epochs, "epoch")
        return f"put {self.architecture} in the model's place, train it on {source} for {epochs} and export"
