"""A measurement of the latencies of a report's variants, of which there may be several."""

from pydantic import Field

from engine.results.base import Note, Result
from engine.results.measurements import Latency, LatencyEstimate, Throughput


class LatencyMeasurement(Result):
    """Latencies of the variants of a report, by their ids, from the same interleaved rounds.

    A variant is in `estimates` where other programs disturbed its calls, and in `not_timed` where it did not run.
    `stands`: the report's figures are these.
    """

    created: str
    cpu: str
    latencies: dict[str, Latency]
    throughputs: dict[str, Throughput]
    estimates: dict[str, LatencyEstimate]
    not_timed: dict[str, Note] = Field(default_factory=dict)
    warnings: tuple[Note, ...] = ()
    stands: bool = False
    graphics_cards: tuple[str, ...] = ()
    """Those of the machine, where a variant ran on one."""
    cuda_cards: tuple[str, ...] = ()
    """The same by CUDA's numbers, as in Environment."""

    @property
    def hardware(self) -> str:
        """The processor, and the cards where a variant ran on one."""
        return ", ".join((self.cpu, *dict.fromkeys(self.graphics_cards)))

    @property
    def n_variants(self) -> int:
        """How many variants were to be measured."""
        return len(self.latencies) + len(self.estimates) + len(self.not_timed)
