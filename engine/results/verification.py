"""What verify.py of a bundle found on another machine, as it is read from its file: nothing in it is believed."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from engine.results.base import Result
from engine.wording import many

Text = Annotated[str, Field(max_length=500)]
ShortText = Annotated[str, Field(min_length=1, max_length=200)]
Sum = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Milliseconds = Annotated[float, Field(gt=0, lt=1e7, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=10**7)]
CheckedThing = Literal["files", "versions", "session", "preprocessing", "outputs"]
ROUNDING = 1e-6
"""Figures that follow from others agree to so much of themselves."""


class VerifiedBundle(Result):
    """Which bundle it was: the variant's own file, the bundle's with its metadata, and the bundle's SHA256SUMS."""

    run: str = Field(pattern=r"^[\w-][\w.-]{0,63}$")
    variant: str = Field(pattern=r"^[0-9a-f]{12}$")
    variant_sha256: Sum
    model_sha256: Sum
    sums_sha256: Sum


class VerifiedHardware(Result):
    """The machine that it ran on, as it describes itself."""

    cpu: ShortText
    cores: int = Field(ge=1, le=100_000)
    memory_bytes: int | None = Field(ge=0, le=2**60)
    system: ShortText
    machine: ShortText
    isa: tuple[Annotated[str, Field(max_length=40)], ...] = Field(max_length=100)


class VerifyCheck(Result):
    """One check, and the figures that it rests on."""

    name: CheckedThing
    passed: bool
    text: Text
    n_images: Count | None = None
    n_equal: Count | None = None
    n_examples: Count | None = None
    worst_difference: float | None = Field(default=None, ge=0)
    tolerance: float | None = Field(default=None, ge=0, le=10)

    @model_validator(mode="after")
    def _follows_from_its_figures(self) -> Self:
        if self.name == "preprocessing":
            if self.n_images is None or self.n_equal is None or self.n_equal > self.n_images:
                raise ValueError("the preprocessing does not say how many of how many images are equal")
            if self.passed != (self.n_equal == self.n_images):
                raise ValueError(f"{self.n_equal} of {self.n_images} equal images do not fit passed={self.passed}")
        if self.name == "outputs":
            if self.n_examples is None or self.tolerance is None:
                raise ValueError("the outputs do not say on how many examples, and within which tolerance")
            within = self.worst_difference is not None and self.worst_difference <= self.tolerance
            if self.passed != within:
                raise ValueError(
                    f"a difference of {self.worst_difference} within {self.tolerance} does not fit passed={self.passed}"
                )
        return self


class VerifiedLatency(Result):
    """The median of a call with its 95 % interval, from the medians of the rounds that count.

    `ratio_to_measured` is to the run's own p50; null where it had none, or other threads.
    """

    threads: int = Field(ge=1, le=1024)
    batch_size: int = Field(ge=1, le=1024)
    p50_ms: Milliseconds
    low_ms: Milliseconds
    high_ms: Milliseconds
    p95_ms: Milliseconds
    n_runs: int = Field(ge=1, le=10**7)
    n_disturbed: Count
    n_warmup: Count
    round_medians_ms: tuple[Milliseconds, ...] = Field(min_length=3, max_length=100)
    ratio_to_measured: float | None = Field(gt=0, lt=1e6)

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if not self.low_ms <= self.p50_ms <= self.high_ms:
            raise ValueError(f"the p50 of {self.p50_ms} ms is not between {self.low_ms} and {self.high_ms} ms")
        if self.p95_ms < self.p50_ms * (1 - ROUNDING):
            raise ValueError(f"the p95 of {self.p95_ms} ms is below the p50 of {self.p50_ms} ms")
        least, most = min(self.round_medians_ms), max(self.round_medians_ms)
        if not least * (1 - ROUNDING) <= self.p50_ms <= most * (1 + ROUNDING):
            raise ValueError(f"the p50 of {self.p50_ms} ms is not among the rounds, of {least} to {most} ms")
        return self


class Verification(Result):
    """verify-result.json."""

    schema_version: Literal[1]
    bundle: VerifiedBundle
    created: str = Field(max_length=60)
    hardware: VerifiedHardware
    runtime: ShortText
    provider: ShortText
    versions: dict[ShortText, ShortText] = Field(max_length=30)
    checks: tuple[VerifyCheck, ...] = Field(min_length=1, max_length=10)
    latency: VerifiedLatency | None
    passed: bool

    @model_validator(mode="after")
    def _passed_by_its_checks(self) -> Self:
        names = [check.name for check in self.checks]
        if len(set(names)) != len(names):
            raise ValueError("a check is there twice")
        if self.passed != all(check.passed for check in self.checks):
            raise ValueError(f"passed={self.passed} does not fit its checks")
        if self.passed and not {"files", "versions", "outputs"} <= set(names):
            raise ValueError("it says that all passed, and a check is missing")
        return self


class KnownVerification(Result):
    """A verification that was checked and is kept, by the SHA-256 of its file; with the name of its run and variant."""

    id: str
    run_name: str
    label: str
    imported: str
    verification: Verification

    @property
    def where(self) -> str:
        """The hardware in words."""
        hardware = self.verification.hardware
        return f"{hardware.cpu}, {many(hardware.cores, 'core')}, {hardware.system}"
