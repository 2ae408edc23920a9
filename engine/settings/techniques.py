"""One settings class a technique; `stage` says whether it changes a torch model or an ONNX file."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from engine.settings.base import Settings, setting

Stage = Literal["torch", "onnx"]


class Training(Settings):
    """What every technique that trains is asked.

    AdamW: Loshchilov and Hutter, https://arxiv.org/abs/1711.05101. Cosine schedule with warm-up: Goyal et al.,
    https://arxiv.org/abs/1706.02677. Label smoothing: Szegedy et al., https://arxiv.org/abs/1512.00567.
    """

    stage: ClassVar[Stage] = "torch"

    epochs: int = setting(5, help="Passes over the train images.", ge=1, le=1000)
    learning_rate: float = setting(1e-3, help="Peak learning rate; warms up, then falls along a cosine.", gt=0, le=1)
    batch_size: int = setting(64, help="Images a training step.", unit="images", ge=2, le=4096)
    optimizer: Literal["adamw", "sgd", "lamb"] = setting("adamw", help="timm's optimizer.", expert=True)
    weight_decay: float = setting(0.05, help="Weight decay.", ge=0, le=1, expert=True)
    label_smoothing: float = setting(
        0.1, help="Share of the target that is spread over all classes.", ge=0, lt=1, expert=True
    )
    flip: bool = setting(False, help="Mirror images at random; not for digits or text.", expert=True)
    shift: float = setting(0.05, help="Largest random shift, as a share of the size.", ge=0, le=0.5, expert=True)


class Finetune(Training):
    """Trains the model on the train images; gives it a new head where its outputs do not fit the classes."""

    title: ClassVar[str] = "Fine-tune"

    technique: Literal["finetune"] = "finetune"


class QuantizeStatic(Settings):
    """Static INT8: weights and activations, ranges from calibration images, QDQ format.

    Scheme: Jacob et al., https://arxiv.org/abs/1712.05877, as in onnxruntime.quantization.
    """

    stage: ClassVar[Stage] = "onnx"
    title: ClassVar[str] = "Quantize"

    technique: Literal["quantize"] = "quantize"
    method: Literal["static"] = setting(help="static: INT8 with calibrated activation ranges.")
    calibration_images: int = setting(128, help="Images from the calibration split; all of them if fewer.",
                                      unit="images", ge=1, le=100_000)  # fmt: skip
    per_channel: bool = setting(True, help="One weight range per output channel instead of one per layer.", expert=True)
    activations: Literal["auto", "unsigned", "signed"] = setting(
        "auto", help="Type of the activations; auto chooses by the CPU's instructions.", expert=True
    )
    reduce_range: bool | None = setting(
        None, help="7-bit weights against saturation; by the CPU's instructions if empty.", expert=True
    )


Step = Annotated[Finetune | QuantizeStatic, Field(discriminator="technique")]

TECHNIQUES: tuple[type[Finetune] | type[QuantizeStatic], ...] = (Finetune, QuantizeStatic)
