"""The counts of a recipe and the rates of a machine from which a settings class computes what its step costs."""

from dataclasses import dataclass

INFERENCE_MACS_PER_CORE = 15e9  # a second, FP32
TRAINING_MACS_PER_CORE = 15e9
CALL_SECONDS = 0.0005  # a call of onnxruntime, beside its MACs
QAT_SLOWER = 2.0  # the rounding of weights and activations in training costs about as much as the network
EPOCH_SECONDS = 1.0  # an epoch, beside its MACs
EXPORT_SECONDS = 4.0
CONVERSION_SECONDS = 2.0  # one pass over the weights or the graph
TIMED_CALLS = 200  # of a variant whose latency is measured


def call_seconds(macs: float, threads: int) -> float:
    """Seconds of one image through onnxruntime."""
    return macs / (INFERENCE_MACS_PER_CORE * threads) + CALL_SECONDS


@dataclass(frozen=True, kw_only=True)
class CostInputs:
    """The counts of a recipe and a machine that the cost of a step depends on.

    Timed calls run on the target's threads; training, teachers and calibration on all cores.
    """

    train_images: float
    macs: float
    """Of the recipe's model, for one image."""
    new_macs: float | None = None
    """Of the architecture that replaces the model, for one image; None where there is none or its MACs are unknown."""
    cores: int
    target_threads: int
    n_targets: int = 1
    """How many targets race against each other."""
    in_8_bits: bool = True
    """Whether a race tries 8 bits at the target."""
    has_images: bool = True
    """Whether there are images of the user's to learn from."""

    @property
    def call_seconds(self) -> float:
        """Seconds of one image through the model on all cores."""
        return call_seconds(self.macs, self.cores)

    @property
    def target_call_seconds(self) -> float:
        """Seconds of one image through the model on the target's threads."""
        return call_seconds(self.macs, self.target_threads)

    @property
    def epoch_seconds(self) -> float:
        """Seconds of training the network that comes out of the step for one epoch."""
        macs = self.new_macs or self.macs
        return self.train_images * 3 * macs / (TRAINING_MACS_PER_CORE * self.cores) + EPOCH_SECONDS
