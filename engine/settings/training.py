"""What is asked of the techniques that train."""

from typing import ClassVar, Literal, Self

from pydantic import model_validator

from engine.settings.base import Stage, StepSettings, setting
from engine.settings.model import PRETRAINED, BaselineModel, FileModel, TeacherSource
from engine.settings.quantize import Calibration

Optimizer = Literal["adamw", "sgd", "lamb"]
Arithmetic = Literal["auto", "float32", "channels_last", "bfloat16", "bfloat16_channels_last"]


class Training(StepSettings):
    """What every technique that trains is asked.

    AdamW: Loshchilov and Hutter, https://arxiv.org/abs/1711.05101. Cosine schedule with warm-up: Goyal et al.,
    https://arxiv.org/abs/1706.02677. Label smoothing: Szegedy et al., https://arxiv.org/abs/1512.00567. Averaged
    weights: Polyak and Juditsky, https://doi.org/10.1137/0330046.
    """

    stage: ClassVar[Stage] = "torch"
    trains: ClassVar[bool] = True

    epochs: int = setting(5, help="Passes over the train images.", ge=1, le=1000)
    learning_rate: float | None = setting(
        None, help="Peak learning rate; warms up, then falls along a cosine. By the kind of network if empty.", gt=0,
        le=1, examples=[1e-3],
    )  # fmt: skip
    batch_size: int = setting(
        64, help="Images a training step, in all processes together; fewer where an epoch would have less than eight "
                 "steps.", unit="images", ge=2, le=4096,
    )  # fmt: skip
    patience: int = setting(
        10, help="Epochs in a row that may do worse on the validation images than the best so far; then training ends. "
                 "0: it never ends early.", ge=0, le=1000,
    )  # fmt: skip
    optimizer: Optimizer | None = setting(None, help="timm's optimizer. By the kind of network if empty.", expert=True)
    weight_decay: float | None = setting(
        None, help="Weight decay. By the kind of network if empty.", ge=0, le=1, expert=True, examples=[0.05]
    )
    ema_decay: float = setting(
        0.0, help="Decay of a moving average of the weights, 0.999 for example; it warms up, is validated beside the "
                  "weights themselves, and the better of the two is kept. 0: none.", ge=0, lt=1, expert=True,
    )  # fmt: skip
    arithmetic: Arithmetic = setting(
        "auto", help="How steps are computed: in float32, with the channels last in memory, in bfloat16 (weights stay "
                     "float32), or both; auto measures which is fastest here. What is validated and kept is float32.",
        expert=True,
    )  # fmt: skip
    label_smoothing: float = setting(
        0.1, help="Share of the target that is spread over all classes.", ge=0, lt=1, expert=True
    )
    flip: bool = setting(False, help="Mirror images at random; not for digits or text.", expert=True)
    shift: float = setting(0.05, help="Largest random shift, as a share of the size.", ge=0, le=0.5, expert=True)

    @property
    def needs_images(self) -> bool:
        return True


class Finetune(Training):
    """Trains the model on the train images; gives it a new head where its outputs do not fit the classes.

    Mixup: Zhang et al., https://arxiv.org/abs/1710.09412. CutMix: Yun et al., https://arxiv.org/abs/1905.04899.
    """

    title: ClassVar[str] = "Fine-tune"
    label: ClassVar[str] = "Fine-tuned"
    technique: Literal["finetune"] = "finetune"
    mixup: float = setting(
        0.0, help="Alpha of mixup: each image is blended with another of its batch, and so are their labels. 0: off. "
                  "It helps long trainings, and not short ones.", ge=0, le=10, expert=True,
    )  # fmt: skip
    cutmix: float = setting(
        0.0, help="Alpha of CutMix: a part of each image is replaced by that of another of its batch, and the labels "
                  "are blended by area. 0: off. With mixup each batch gets one of the two.", ge=0, le=10, expert=True,
    )  # fmt: skip

    @property
    def needs_labels(self) -> bool:
        return True

    @property
    def words(self) -> str:
        return f"fine-tune for {self.epochs} epochs and export"


class Distill(Training):
    """A student learns a teacher's answers: a smaller network, or the same one; needs no labels.

    Hinton et al., https://arxiv.org/abs/1503.02531. The teacher answers the very views that the student sees: Beyer et
    al., https://arxiv.org/abs/2106.05237. Features: Romero et al., https://arxiv.org/abs/1412.6550. Distillation
    tokens: Touvron et al., https://arxiv.org/abs/2012.12877.
    """

    title: ClassVar[str] = "Distil"
    label: ClassVar[str] = "Distilled"

    technique: Literal["distill"] = "distill"
    student: str | None = setting(None, help="The timm architecture that learns; the model so far if empty.",
                                  min_length=1, max_length=200)  # fmt: skip
    student_weights: Literal["pretrained", "random"] = setting(
        PRETRAINED, help="What a student of its own begins with; pretrained comes through the Hugging Face Hub."
    )
    teacher: TeacherSource | None = setting(
        None, help="Whose answers are learnt; those of the model so far if empty. kind: baseline is the run's baseline."
    )
    epochs: int = setting(20, help="Passes over the train images.", ge=1, le=1000)
    match: Literal["logits", "features", "tokens"] = setting(
        "logits", help="logits: the answers; features: also what the teacher sees before its head, where it is no ONNX "
                       "file; tokens: the answers through a distillation token, which the student must have.",
    )  # fmt: skip
    temperature: float = setting(
        4.0, help="How much the answers are softened: above 1 the classes that are not chosen count more.", gt=0, le=100
    )
    label_share: float = setting(
        0.1, help="The share of the labels in the loss, where there are labels.", ge=0, le=1, expert=True
    )
    views: int = setting(
        4, help="Views of each image, itself and augmented ones, that the teacher answers once; 0: a new one an epoch, "
                "answered anew at every step.", ge=0, le=100, expert=True,
    )  # fmt: skip

    @model_validator(mode="after")
    def _features_of_a_network(self) -> Self:
        if self.match == "features" and isinstance(self.teacher, FileModel):
            raise ValueError("match is features and the teacher an ONNX file, which shows its answers alone: set match "
                             "to logits, or name a timm model as teacher")  # fmt: skip
        return self

    @property
    def brings_model(self) -> bool:
        return self.student is not None

    @property
    def asks_baseline(self) -> bool:
        return isinstance(self.teacher, BaselineModel)

    @property
    def words(self) -> str:
        learner = f"a new {self.student}" if self.student else "the model"
        teacher = "baseline" if self.asks_baseline else "model so far" if self.teacher is None else "teacher"
        return f"distil the answers of the {teacher} into {learner} for {self.epochs} epochs and export"


class Swap(Training):
    """Another architecture in place of the model so far: trained on your labels, or on that model's answers.

    Architectures made to be small: Howard et al., https://arxiv.org/abs/1704.04861. Learning from the model's answers
    is `distill` with its defaults: Hinton et al., https://arxiv.org/abs/1503.02531.
    """

    title: ClassVar[str] = "Swap"
    label: ClassVar[str] = "Swapped"

    technique: Literal["swap"] = "swap"
    architecture: str = setting(help="The timm architecture that takes the model's place.", min_length=1,
                                max_length=200)  # fmt: skip
    weights: Literal["pretrained", "random"] = setting(
        PRETRAINED, help="What it begins with; pretrained comes through the Hugging Face Hub."
    )
    learn_from: Literal["labels", "model"] = setting(
        "labels", help="labels: the data's; model: the answers of the model so far, which needs no labels."
    )
    epochs: int = setting(20, help="Passes over the train images.", ge=1, le=1000)

    @property
    def needs_labels(self) -> bool:
        return self.learn_from == "labels"

    @property
    def brings_model(self) -> bool:
        return True

    @property
    def as_distill(self) -> Distill:
        """The same with the model so far as the teacher."""
        shared = {name: getattr(self, name) for name in Training.model_fields if name != "technique"}
        return Distill(student=self.architecture, student_weights=self.weights, **shared)

    @property
    def words(self) -> str:
        source = "the labels" if self.learn_from == "labels" else "the answers of the model so far"
        return f"put {self.architecture} in the model's place, train it on {source} for {self.epochs} epochs and export"


class Qat(Training):
    """Quantization-aware training: the static INT8 file's weights, biases and ranges learn while they are rounded.

    Scheme: Jacob et al., https://arxiv.org/abs/1712.05877, with gradients straight through the rounding: Bengio et al.,
    https://arxiv.org/abs/1308.3432. Learned ranges: Esser et al., https://arxiv.org/abs/1902.08153, as logarithms: Jain
    et al., https://arxiv.org/abs/1903.08066. The FP32 model's answers teach, so labels are not needed: Mishra and Marr,
    https://arxiv.org/abs/1711.05852.
    """

    stage: ClassVar[Stage] = "onnx"
    title: ClassVar[str] = "Quantization-aware training"
    label: ClassVar[str] = "INT8, trained"
    number_format: ClassVar[str] = "INT8"

    technique: Literal["qat"] = "qat"
    epochs: int = setting(3, help="Passes over the train images.", ge=1, le=1000)
    learning_rate: float | None = setting(
        1e-3, help="Peak learning rate, as a share of each range and of each channel's largest weight; warms up, "
                   "then falls along a cosine.", gt=0, le=1,
    )  # fmt: skip
    batch_size: int = setting(32, help="Images a training step.", unit="images", ge=2, le=4096)
    optimizer: Optimizer | None = setting("adamw", help="timm's optimizer.", expert=True)
    weight_decay: float | None = setting(0.0, help="Weight decay.", ge=0, le=1, expert=True)
    arithmetic: Literal["float32", "channels_last"] = setting(
        "float32", help="How steps are computed: in float32, or with the channels last in memory as well.", expert=True
    )
    label_share: float = setting(
        0.5, help="The share of the labels in the loss, where there are labels; the rest is the FP32 model's answers.",
        ge=0, le=1,
    )  # fmt: skip
    calibration_images: int = setting(
        128, help="Images from the calibration split that set the ranges to begin with; fewer where it has fewer.",
        unit="images", ge=1, le=100_000,
    )  # fmt: skip
    calibration: Calibration = setting(
        "minmax", help="How a range is taken: the extremes, 99.999 % of the values, or least entropy lost.", expert=True
    )

    @property
    def words(self) -> str:
        return f"quantize to INT8 and train that for {self.epochs} epochs"
