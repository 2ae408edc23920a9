"""What every settings class says of its technique: planning, the rules, the forms and a run ask nothing else."""

from collections.abc import Callable
from typing import ClassVar, Literal, Self

from engine.settings.base import Settings
from engine.settings.cost import CONVERSION_SECONDS, CostInputs
from engine.settings.model import PRETRAINED, ModelSource

Stage = Literal["torch", "onnx"]


class StepSettings(Settings):
    """Base of every technique's settings.

    `stage` says whether it changes a torch model or an ONNX file.
    """

    stage: ClassVar[Stage]
    title: ClassVar[str]
    label: ClassVar[str]
    """What a variant that comes out of it is called."""
    number_format: ClassVar[str] = ""
    """In which fewer bits it stores the weights, such as INT8; a chain has at most one such step."""

    trains: ClassVar[bool] = False
    """Whether it looks at the train images, which then stay apart from those that evaluate."""
    removes_channels: ClassVar[bool] = False
    """Whether it cuts channels, which not every architecture allows, and after which training has to recover."""
    zeroes_weights: ClassVar[bool] = False
    """Whether it sets weights to zero, so that the compressed size of the files is worth knowing."""
    finalists: ClassVar[int] = 0
    """How many candidates beside its result are estimated to be timed once more with all variants."""

    technique: str

    @property
    def description(self) -> str:
        """What it will do, to go on a sentence with."""
        raise NotImplementedError

    def cost(self, inputs: CostInputs) -> float:
        """About how many seconds the step takes; its share of a run's progress follows from that.

        As long as a conversion, for a class that does not say otherwise.
        """
        return CONVERSION_SECONDS

    @property
    def measures(self) -> bool:
        """Whether its result depends on what it measured, and so on the machine, the target, the budget, the goal."""
        return False

    @property
    def needs_labels(self) -> bool:
        """Whether it cannot go without labelled images."""
        return False

    @property
    def needs_images(self) -> bool:
        """Whether it cannot go without images of the user's."""
        return False

    @property
    def new_architecture(self) -> str | None:
        """The timm name of the network that it puts in place of the model that goes in, or None."""
        return None

    @property
    def new_weights(self) -> str:
        """What the weights of the new architecture are before it is trained."""
        return PRETRAINED

    @property
    def brings_model(self) -> bool:
        """Whether what comes out does not contain the model that went in, so that an ONNX file may go in."""
        return self.new_architecture is not None

    @property
    def asks_baseline(self) -> bool:
        """Whether its result depends on the run's baseline, whatever model goes in."""
        return False

    @property
    def learns_task(self) -> bool:
        """Whether it learns from labels or from a teacher of its own, so that untrained weights may go in."""
        return False

    @property
    def source(self) -> ModelSource | None:
        """The model that it loads beside the one that goes in, such as a teacher, or None."""
        return None

    def with_source(self, change: Callable[[ModelSource], ModelSource]) -> Self:
        """The same settings with that model changed, where there is one."""
        return self
