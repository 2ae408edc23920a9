"""One settings class a technique."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from engine.settings.base import Stage, StepSettings, setting
from engine.settings.quantize import Quantize, QuantizeAuto, QuantizeDynamic, QuantizeStatic, QuantizeWeights


class Training(StepSettings):
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
    label: ClassVar[str] = "Fine-tuned"

    technique: Literal["finetune"] = "finetune"

    @property
    def words(self) -> str:
        return f"fine-tune for {self.epochs} epochs and export"


class Float16(StepSettings):
    """Weights and arithmetic in 16-bit floats, for GPUs and for size; inputs and outputs stay FP32 unless asked.

    Mixed precision: Micikevicius et al., https://arxiv.org/abs/1710.03740; conversion by onnxruntime.transformers.
    """

    stage: ClassVar[Stage] = "onnx"
    title: ClassVar[str] = "Float16"
    label: ClassVar[str] = "FP16"

    technique: Literal["float16"] = "float16"
    keep_io_types: bool = setting(
        True, help="Keep the input and the output in 32-bit floats, so that callers need not change.", expert=True
    )

    @property
    def words(self) -> str:
        return "convert to 16-bit floats"


class Simplify(StepSettings):
    """The same function in fewer nodes: constants folded, operators fused, no-ops removed, means as pooling."""

    stage: ClassVar[Stage] = "onnx"
    title: ClassVar[str] = "Simplify"
    label: ClassVar[str] = "Simplified"

    technique: Literal["simplify"] = "simplify"

    @property
    def words(self) -> str:
        return "simplify the graph"


Step = Annotated[Finetune | Simplify | Float16 | Quantize, Field(discriminator="technique")]

TECHNIQUES: tuple[type[Step], ...] = (
    Finetune,
    Simplify,
    Float16,
    QuantizeAuto,
    QuantizeStatic,
    QuantizeDynamic,
    QuantizeWeights,
)
