"""The methods of `prune`, a union nested on `method`: each a settings class of its own, `channel` the default."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from engine.settings.base import setting
from engine.settings.cost import CONVERSION_SECONDS, EXPORT_SECONDS, TIMED_CALLS, CostInputs
from engine.settings.step import Stage, StepSettings
from engine.wording import percent

Importance = Literal["l2", "bn_scale", "taylor", "lamp", "random"]
PruneGoal = Literal["ratio", "macs", "latency", "size"]
GOALS = {
    "ratio": "A share of the channels",
    "macs": "MACs that are left",
    "latency": "Latency that is left",
    "size": "File size",
}
MEASURES = {"macs": "MACs", "latency": "latency"}
"""The names of the quantities of which a goal sets the share that may be left."""
IMPORTANCES = {
    "l2": "Smallest weights (L2)",
    "bn_scale": "Smallest BatchNorm scales",
    "taylor": "Least effect on the loss (Taylor)",
    "lamp": "Smallest share in their layer (LAMP)",
    "random": "Any of them, as a control",
}
CUT_SECONDS, TRIES = 5.0, 6
"""For the cost: seconds of pruning channels beside its tries, and how many ratios a search tries."""


class Pruning(StepSettings):
    """Base of the methods of pruning, which all change a torch model."""

    stage: ClassVar[Stage] = "torch"
    trains: ClassVar[bool] = True

    technique: Literal["prune"] = "prune"


class PruneChannel(Pruning):
    """Removes whole channels, so that the file is smaller and the network faster; train afterwards to recover.

    Dependency graph: Fang et al., https://arxiv.org/abs/2301.12900, as in torch-pruning. L2: Li et al.,
    https://arxiv.org/abs/1608.08710; BN scale: Liu et al., https://arxiv.org/abs/1708.06519; Taylor: Molchanov et al.,
    https://arxiv.org/abs/1906.10771; LAMP: Lee et al., https://arxiv.org/abs/2010.07611.
    """

    title: ClassVar[str] = "Prune channels"
    label: ClassVar[str] = "Pruned"
    removes_channels: ClassVar[bool] = True

    method: Literal["channel"] = setting("channel", help="channel: whole channels go.")
    goal: PruneGoal = setting(
        "ratio",
        label="What decides how much goes",
        choices=GOALS,
        help="ratio: as many channels go as it says; else the ratio is searched until what is left of the "
        "MACs, of the measured latency or of the file is as small as goal_value says.",
    )
    ratio: float = setting(
        0.3,
        label="Channels to remove",
        percent="%",
        help="The share of channels that goes; with another goal, where its search begins.",
        gt=0,
        lt=1,
    )
    goal_value: float | None = setting(
        None,
        label="At most",
        help="With goal macs or latency the share that may be left (0.5: half), with size the most MB.",
        gt=0,
    )
    importance: Importance = setting(
        "l2",
        label="Which channels go",
        choices=IMPORTANCES,
        help="Which channels go: those of the smallest weights, of the smallest BatchNorm scales, of the least "
        "effect on the loss (taylor), of the smallest share in their layer (lamp), or any, as a control.",
    )
    scope: Literal["uniform", "global"] = setting(
        "uniform",
        label="Spread",
        choices={"uniform": "Every layer alike", "global": "Least important of all"},
        help="uniform: the same share of every layer; global: the least important of the whole network.",
        expert=True,
    )
    round_to: Literal[1, 8, 16] = setting(
        8,
        label="Widths are multiples of",
        help="Widths become multiples of this, as the kernels like them.",
        unit="channels",
        expert=True,
    )
    rounds: int = setting(
        1,
        label="Rounds",
        help="1: all at once; more: a part each time, with recovery between.",
        ge=1,
        le=10,
        expert=True,
    )
    recovery_epochs: int = setting(
        1,
        label="Epochs between rounds",
        help="With several rounds, passes over the train images between two of them.",
        ge=1,
        le=100,
        expert=True,
    )
    recalibrate: bool = setting(
        True,
        label="Estimate BatchNorm again",
        help="Estimate the BatchNorm statistics again on train images, which needs no labels.",
        expert=True,
    )
    group_ratios: tuple[str, ...] = setting(
        (),
        label="Ratios of single layer groups",
        help="A ratio for single layers, such as layer1.0.conv1=0.1 (0: leave it alone); the others take ratio, "
        "automatic if empty.",
        expert=True,
        max_length=2000,
    )

    def cost(self, inputs: CostInputs) -> float:
        tries = 1 if self.goal == "ratio" else TRIES
        try_seconds = CONVERSION_SECONDS
        if self.goal in ("latency", "size"):
            try_seconds += EXPORT_SECONDS + TIMED_CALLS * inputs.target_call_seconds
        recovery_epochs = (self.rounds - 1) * self.recovery_epochs
        return CUT_SECONDS + tries * try_seconds + recovery_epochs * inputs.epoch_seconds

    @property
    def measures(self) -> bool:
        return self.goal == "latency"

    @property
    def needs_images(self) -> bool:
        return self.importance == "taylor" or self.rounds > 1

    @property
    def ratio_by_layer(self) -> dict[str, float]:
        """`group_ratios` by the layer's name."""
        return {name: float(ratio) for name, _, ratio in (entry.rpartition("=") for entry in self.group_ratios)}

    @property
    def description(self) -> str:
        if self.goal == "ratio":
            return f"remove {self.share_text}"
        if self.goal == "size":
            goal = f"the file has at most {self.goal_value:g} MB"
        else:
            goal = f"{percent(self.goal_value or 0)} of the {MEASURES[self.goal]} is left"
        exceptions = f", {self._group_text} among them" if self.group_ratios else ""
        return f"remove channels until {goal}{exceptions}"

    @property
    def share_text(self) -> str:
        """How many channels are removed at the ratios that are set, as part of a sentence."""
        if not self.group_ratios:
            return f"{percent(self.ratio)} of the channels"
        return f"{self._group_text} (any other: {percent(self.ratio)})"

    @property
    def _group_text(self) -> str:
        """How many channels are removed from the layer groups that have a ratio of their own, as part of a sentence."""
        ratios = self.ratio_by_layer
        cut = [100 * ratio for ratio in ratios.values() if ratio]
        removed = " to ".join(dict.fromkeys(f"{edge:.0f}" for edge in (min(cut), max(cut)))) if cut else "0"
        where = f"{len(cut)} of {len(ratios)}" if 0 < len(cut) < len(ratios) else f"all {len(ratios)}"
        groups = f"{where} layer groups that are set one by one" if len(ratios) > 1 else "1 layer group set by itself"
        return f"{removed} % of the channels in {groups}"

    @model_validator(mode="after")
    def _goal_has_its_value(self) -> Self:
        if self.goal == "ratio" and self.goal_value is not None:
            raise ValueError("goal is ratio, and goal_value is for goal macs, latency or size; leave one of them out")
        if self.goal != "ratio" and self.goal_value is None:
            size = "how large the file may be is missing (goal_value: the largest file in MB)"
            what = MEASURES.get(self.goal, "")
            share = f"how much of the {what} may be left is missing (goal_value: a share, such as 0.5)"
            raise ValueError(size if self.goal == "size" else share)
        if self.goal in MEASURES and self.goal_value is not None and self.goal_value >= 1:
            raise ValueError(
                f"{100 * self.goal_value:g} % of the {MEASURES[self.goal]} would be left, it must be less "
                "than 100 % (goal_value: a share of less than 1)"
            )
        return self

    @model_validator(mode="after")
    def _group_ratios_are_pairs(self) -> Self:
        for entry in self.group_ratios:
            name, _, ratio = entry.rpartition("=")
            try:
                is_pair = bool(name) and 0 <= float(ratio) < 1
            except ValueError:
                is_pair = False
            if not is_pair:
                raise ValueError(
                    f"group_ratios has '{entry[:60]}', an entry is a layer's name, = and a ratio of at "
                    f"least 0 and less than 1"
                )
        names = [entry.rpartition("=")[0] for entry in self.group_ratios]
        duplicate = next((name for name in names if names.count(name) > 1), None)
        if duplicate is not None:
            raise ValueError(f"group_ratios names '{duplicate[:60]}' twice, a layer has one ratio")
        return self


class PruneSparse(Pruning):
    """Sets the smallest weights to zero and keeps every shape: a smaller download, no gain of speed here.

    Magnitude: Han et al., https://arxiv.org/abs/1506.02626; 2:4: Mishra et al., https://arxiv.org/abs/2104.08378.
    """

    title: ClassVar[str] = "Sparse weights"
    label: ClassVar[str] = "Sparse"
    zeroes_weights: ClassVar[bool] = True

    method: Literal["sparse"] = setting(help="sparse: single weights become zero.")
    pattern: Literal["unstructured", "2:4"] = setting(
        "unstructured",
        label="Pattern",
        choices={"unstructured": "Unstructured", "2:4": "2 of every 4"},
        help="unstructured: the smallest of a layer; 2:4: two of every four inputs, as some GPUs like.",
    )
    ratio: float = setting(
        0.5,
        label="Weights to set to zero",
        percent="%",
        help="The share of a layer's weights that becomes zero; 0.5 with 2:4.",
        gt=0,
        lt=1,
    )
    recalibrate: bool = setting(
        True,
        label="Estimate BatchNorm again",
        help="Estimate the BatchNorm statistics again on train images, which needs no labels.",
        expert=True,
    )

    @property
    def description(self) -> str:
        how = (
            "two of every four weights"
            if self.pattern == "2:4"
            else f"the smallest {percent(self.ratio)} of the weights"
        )
        return f"set {how} to zero"

    @model_validator(mode="after")
    def _two_of_four_is_half(self) -> Self:
        if self.pattern == "2:4" and self.ratio != 0.5:
            raise ValueError(
                f"two of every four weights are 50 %, not {100 * self.ratio:g} % (with pattern 2:4 leave ratio out)"
            )
        return self


def _default_method(values: Any) -> Any:
    """`channel` where a recipe names no method."""
    if isinstance(values, Mapping) and values.get("technique") == "prune" and "method" not in values:
        return {**values, "method": "channel"}
    return values


Prune = Annotated[
    Annotated[PruneChannel | PruneSparse, Field(discriminator="method")], BeforeValidator(_default_method)
]
