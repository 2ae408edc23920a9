"""What all results share."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from engine.results import codes
from engine.wording import many

State = Literal["queued", "running", "done", "failed", "cancelled"]


class Result(BaseModel):
    """Base of every result: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Note(Result):
    """A remark for the user: a stable code and a sentence."""

    code: str
    text: str

    @property
    def is_information(self) -> bool:
        """Whether it only says how something was read, so that it is no warning."""
        return self.code in codes.INFORMATION


class Environment(Result):
    """The machine and the versions that the figures belong to."""

    cpu: str
    cores: int
    memory_bytes: int
    isa: tuple[str, ...]
    runtimes: dict[str, tuple[str, ...]]
    versions: dict[str, str]
    graphics_cards: tuple[str, ...] = ()
    """Names of the NVIDIA cards as the driver reports them, and which are visible where they differ."""
    cuda_cards: tuple[str, ...] = ()
    """Names of the cards by CUDA's numbers, which a target's device_id is one of; empty where they are not known."""

    @property
    def machine(self) -> str:
        """The processor, the cores that may be used, and the cards: AMD EPYC, 2 cores, NVIDIA H100."""
        return ", ".join((self.cpu, many(self.cores, "core"), *dict.fromkeys(self.graphics_cards)))
