"""The settings of the techniques that train."""

from typing import ClassVar, Literal

from engine.settings.base import setting
from engine.settings.cost import QAT_SLOWER, CostInputs
from engine.settings.quantize import CALIBRATION_CALLS, RANGES, Calibration
from engine.settings.step import Stage, StepSettings
from engine.wording import many

AutoAugment = Literal["none", "trivial_augment", "rand_augment"]
Optimizer = Literal["adamw", "sgd", "lamb"]
Arithmetic = Literal["auto", "float32", "channels_last", "bfloat16", "bfloat16_channels_last"]
OPTIMIZERS = {"adamw": "AdamW", "sgd": "SGD", "lamb": "LAMB"}
ARITHMETICS = {
    "auto": "The fastest here",
    "float32": "Float32",
    "channels_last": "Float32, channels last",
    "bfloat16": "BFloat16",
    "bfloat16_channels_last": "BFloat16, channels last",
}
AUTO_AUGMENTS = {"none": "None", "trivial_augment": "TrivialAugment", "rand_augment": "RandAugment"}
WEIGHTS = {"pretrained": "Pretrained", "random": "Random"}
QAT_SECONDS = 5.0
QAT_VIEWS = 4


class Training(StepSettings):
    """Base of the techniques that train.

    AdamW: Loshchilov and Hutter, https://arxiv.org/abs/1711.05101. Cosine schedule with warm-up: Goyal et al.,
    https://arxiv.org/abs/1706.02677. Label smoothing: Szegedy et al., https://arxiv.org/abs/1512.00567. Averaged
    weights: Polyak and Juditsky, https://doi.org/10.1137/0330046. Random crops: Szegedy et al.,
    https://arxiv.org/abs/1409.4842. TrivialAugment: Müller and Hutter, https://arxiv.org/abs/2103.10158. RandAugment:
    Cubuk et al., https://arxiv.org/abs/1909.13719.
    """

    stage: ClassVar[Stage] = "torch"
    trains: ClassVar[bool] = True

    epochs: int = setting(5, label="Epochs", help="Passes over the train images.", ge=1, le=1000)
    learning_rate: float | None = setting(
        None,
        label="Learning rate",
        help="Peak learning rate; warms up, then falls along a cosine. By the kind of network if empty.",
        gt=0,
        le=1,
        examples=[1e-3],
    )
    batch_size: int = setting(
        64,
        label="Images a training step",
        help="Images a training step, in all processes together; fewer where an epoch would have less than eight "
        "steps.",
        unit="images",
        ge=2,
        le=4096,
    )
    patience: int = setting(
        10,
        label="Patience",
        unit="epochs",
        help="Epochs in a row that may do worse on the validation images than the best so far; then training ends. "
        "0: it never ends early.",
        ge=0,
        le=1000,
    )
    optimizer: Optimizer | None = setting(
        None,
        label="Optimizer",
        choices=OPTIMIZERS,
        help="timm's optimizer. By the kind of network if empty.",
        expert=True,
    )
    weight_decay: float | None = setting(
        None,
        label="Weight decay",
        help="Weight decay. By the kind of network if empty.",
        ge=0,
        le=1,
        expert=True,
        examples=[0.05],
    )
    ema_decay: float = setting(
        0.0,
        label="Decay of averaged weights",
        help="Decay of a moving average of the weights, 0.999 for example; it warms up, is validated beside the "
        "weights themselves, and the better of the two is kept. 0: none.",
        ge=0,
        lt=1,
        expert=True,
    )
    arithmetic: Arithmetic = setting(
        "auto",
        label="Arithmetic",
        choices=ARITHMETICS,
        help="How steps are computed: in float32, with the channels last in memory, in bfloat16 (weights stay "
        "float32), or both; auto measures which is fastest here. What is validated and kept is float32.",
        expert=True,
    )
    label_smoothing: float = setting(
        0.1,
        label="Label smoothing",
        percent="%",
        help="Share of the target that is spread over all classes.",
        ge=0,
        lt=1,
        expert=True,
    )
    flip: bool = setting(
        False, label="Mirror images", help="Mirror images at random; not for digits or text.", expert=True
    )
    shift: float = setting(
        0.05,
        label="Random shift",
        percent="%",
        help="Largest random shift, as a share of the size.",
        ge=0,
        le=0.5,
        expert=True,
    )
    crop: float = setting(
        1.0,
        label="Smallest random crop",
        percent="%",
        help="Enlarges a random part of each image, of at least this share of its area. 100 %: none. Much smaller "
        "parts may not show what the label names.",
        ge=0.08,
        le=1,
        expert=True,
    )
    auto_augment: AutoAugment = setting(
        "none",
        label="Automatic augmentation",
        choices=AUTO_AUGMENTS,
        help="Changes of colour and shape at random: one of any strength an image (TrivialAugment), which may turn "
        "it by up to 135 degrees and so suits no digits or text, or two of medium strength (RandAugment).",
        expert=True,
    )

    def cost(self, inputs: CostInputs) -> float:
        return self.epochs * inputs.epoch_seconds

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
        0.0,
        label="Alpha of mixup",
        help="Alpha of mixup: each image is blended with another of its batch, and so are their labels. 0: off. "
        "It helps long trainings, and not short ones.",
        ge=0,
        le=10,
        expert=True,
    )
    cutmix: float = setting(
        0.0,
        label="Alpha of CutMix",
        help="Alpha of CutMix: a part of each image is replaced by that of another of its batch, and the labels "
        "are blended by area. 0: off. With mixup each batch gets one of the two.",
        ge=0,
        le=10,
        expert=True,
    )

    @property
    def needs_labels(self) -> bool:
        return True

    @property
    def learns_task(self) -> bool:
        return True

    @property
    def description(self) -> str:
        return f"fine-tune for {many(self.epochs, 'epoch')} and export"


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
    epochs: int = setting(3, label="Epochs", help="Passes over the train images.", ge=1, le=1000)
    learning_rate: float | None = setting(
        1e-3,
        label="Learning rate",
        help="Peak learning rate, as a share of each range and of each channel's largest weight; warms up, "
        "then falls along a cosine.",
        gt=0,
        le=1,
    )
    batch_size: int = setting(
        32, label="Images a training step", help="Images a training step.", unit="images", ge=2, le=4096
    )
    optimizer: Optimizer | None = setting(
        "adamw", label="Optimizer", choices=OPTIMIZERS, help="timm's optimizer.", expert=True
    )
    weight_decay: float | None = setting(0.0, label="Weight decay", help="Weight decay.", ge=0, le=1, expert=True)
    arithmetic: Literal["float32", "channels_last"] = setting(
        "float32",
        label="Arithmetic",
        choices=ARITHMETICS,
        help="How steps are computed: in float32, or with the channels last in memory as well.",
        expert=True,
    )
    label_share: float = setting(
        0.5,
        label="Share of the labels",
        percent="%",
        help="The share of the labels in the loss, where there are labels; the rest is the FP32 model's answers.",
        ge=0,
        le=1,
    )
    calibration_images: int = setting(
        128,
        label="Calibration images",
        help="Images from the calibration split that set the ranges to begin with; where it has fewer, crops of them "
        "join them.",
        unit="images",
        ge=1,
        le=100_000,
    )
    calibration: Calibration = setting(
        "minmax",
        label="Range of activations",
        choices=RANGES,
        help="How a range is taken: the extremes, 99.999 % of the values, or least entropy lost.",
        expert=True,
    )

    def cost(self, inputs: CostInputs) -> float:
        calibration_seconds = self.calibration_images * inputs.call_seconds * CALIBRATION_CALLS
        answer_seconds = min(self.epochs, QAT_VIEWS) * inputs.train_images * inputs.call_seconds
        return QAT_SECONDS + calibration_seconds + answer_seconds + QAT_SLOWER * super().cost(inputs)

    @property
    def description(self) -> str:
        return f"quantize to INT8 and train that for {many(self.epochs, 'epoch')}"
