"""The base of the settings classes, with what planning, rules, forms and runs need to know of a technique."""

from collections.abc import Callable
from typing import ClassVar, Literal, Self

from engine.settings.base import Settings
from engine.settings.cost import CONVERSION_SECONDS, CostInputs
from engine.settings.model import PRETRAINED, ModelSource
from engine.settings.target import Target

Stage = Literal["torch", "onnx"]


class StepSettings(Settings):
    """Base of every technique's settings.

    `stage` says whether it changes a torch model or an ONNX file.
    """

    stage: ClassVar[Stage]
    title: ClassVar[str]
    label: ClassVar[str]
    """The label of the resulting variant."""
    number_format: ClassVar[str] = ""
    """The format of fewer bits in which it stores the weights, such as INT8; a chain has at most one such step."""

    trains: ClassVar[bool] = False
    """Whether it uses the train images, which are then kept out of evaluation."""
    removes_channels: ClassVar[bool] = False
    """Whether it removes channels, which not every architecture allows and which makes training necessary."""
    zeroes_weights: ClassVar[bool] = False
    """Whether it sets weights to zero, so that the compressed size of the files is worth knowing."""
    finalists: ClassVar[int] = 0
    """How many candidates beside its result are estimated to be timed once more with all variants."""

    technique: str

    @property
    def description(self) -> str:
        """What the step will do, as part of a sentence."""
        raise NotImplementedError

    def description_at(self, target: Target) -> str:
        """The description, of a step that does something else at this target too."""
        return self.description

    def cost(self, inputs: CostInputs) -> float:
        """About how many seconds the step takes; its share of a run's progress follows from that.

        By default as long as a conversion.
        """
        return CONVERSION_SECONDS

    @property
    def measures(self) -> bool:
        """Whether its result depends on measurements, and so on the machine, the target, the budget and the goal."""
        return False

    @property
    def needs_labels(self) -> bool:
        """Whether it requires labelled images."""
        return False

    @property
    def needs_images(self) -> bool:
        """Whether it requires images of the user's."""
        return False

    @property
    def new_architecture(self) -> str | None:
        """The timm name of the network that replaces the input model, or None."""
        return None

    @property
    def new_weights(self) -> str:
        """The weights that the new architecture starts from."""
        return PRETRAINED

    def with_new_architecture(self, name: str) -> Self:
        """The same settings with another name for the new architecture, where there is one."""
        return self

    @property
    def brings_model(self) -> bool:
        """Whether its result contains nothing of the input model, which may then be an ONNX file."""
        return self.new_architecture is not None

    @property
    def asks_baseline(self) -> bool:
        """Whether its result depends on the run's baseline in addition to the input model."""
        return False

    @property
    def learns_task(self) -> bool:
        """Whether it learns from labels or from a teacher of its own, so that the input may be untrained."""
        return False

    @property
    def source(self) -> ModelSource | None:
        """The model that it loads in addition to its input, such as a teacher, or None."""
        return None

    def with_source(self, change: Callable[[ModelSource], ModelSource]) -> Self:
        """The same settings with `change` applied to `source`, where there is one."""
        return self
