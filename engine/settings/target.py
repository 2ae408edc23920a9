"""Where the model will run, and what the user will accept."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import model_validator

from engine.settings.base import Settings, setting

Goal = Literal["latency", "size", "throughput"]


DEFAULT_PROVIDERS: dict[str, str] = {"onnxruntime": "CPUExecutionProvider", "openvino": "CPU", "any": "CPU"}
"""The provider of each runtime where a target names none: the CPU, by the runtime's own name."""


class Target(Settings):
    """Runtime, execution provider, threads and batch size that every latency is measured at.

    The CPU of one runtime, given to another, is that other one's CPU.
    """

    runtime: Literal["onnxruntime", "openvino", "any"] = setting(
        "onnxruntime",
        label="Runtime",
        help="The inference runtime. The fastest differs by model and processor; any: onnxruntime and OpenVINO race "
        "against each other on the CPU, and the report names the winner.",
        choices={"onnxruntime": "onnxruntime", "openvino": "OpenVINO", "any": "any: they race"},
    )
    provider: str = setting(
        DEFAULT_PROVIDERS["onnxruntime"],
        help="The execution provider; of OpenVINO the device, CPU where none is named.",
        min_length=1,
        max_length=100,
    )
    precision: Literal["auto", "f32", "bf16"] = setting(
        "auto",
        label="Floats are computed in",
        help="What OpenVINO computes 32-bit floats in: by itself 16 bits (bfloat16) on a processor that has them, "
        "which is faster and less exact. onnxruntime computes in what the file holds.",
        choices={"auto": "what is fastest", "f32": "32 bits (f32)", "bf16": "16 bits (bf16)"},
    )
    threads: int | None = setting(
        None,
        label="Threads",
        help="Threads of one operator; the cores that this process may use if empty.",
        ge=1,
        le=1024,
    )
    batch_size: int = setting(1, label="Images a call", help="Images a call.", unit="images", ge=1, le=1024)

    @model_validator(mode="before")
    @classmethod
    def _own_provider(cls, values: Any) -> Any:
        """Another runtime's CPU, the default of `provider` too, becomes that of the runtime."""
        if not isinstance(values, Mapping):
            return values
        own = DEFAULT_PROVIDERS.get(str(values.get("runtime")))
        if own is None or values.get("provider", own) not in DEFAULT_PROVIDERS.values():
            return values
        return {**values, "provider": own}

    @model_validator(mode="after")
    def _check_provider(self) -> Self:
        if self.runtime == "any" and not self.on_cpu:
            raise ValueError(
                f"'provider' is '{self.provider}', which the runtime any does not take, since it races the runtimes of "
                "the CPU; leave it out, or set runtime to onnxruntime or openvino"
            )
        return self

    @model_validator(mode="after")
    def _check_precision(self) -> Self:
        if self.runtime == "onnxruntime" and self.precision != "auto":
            raise ValueError(
                f"'precision' is '{self.precision}', which onnxruntime does not take, since it computes in what the "
                "file holds; leave it out, or set runtime to openvino"
            )
        return self

    @property
    def on_cpu(self) -> bool:
        """Whether the provider is the runtime's own for the CPU."""
        return self.provider == DEFAULT_PROVIDERS[self.runtime]

    @property
    def arithmetic(self) -> tuple[str, str, str]:
        """What decides a file's answers beside the machine: runtime, provider and precision."""
        return self.runtime, self.provider, self.precision


class Budget(Settings):
    """What is acceptable; a variant outside it is never recommended."""

    max_accuracy_drop: float | None = setting(
        0.01,
        label="Accuracy that may be lost",
        percent="points",
        help="Largest absolute drop of top-1 (without labels of agreement, or of what else tells how close the "
        "answers are to the baseline's); 0.01 is one point.",
        ge=0,
        le=1,
    )
    max_class_drop: float | None = setting(
        None,
        label="Loss of any class, at most",
        percent="points",
        help="Largest absolute drop of top-1 of any one class; it needs labelled images, and many of each class.",
        ge=0,
        le=1,
    )
    max_latency_ms: float | None = setting(
        None, label="Latency, at most", help="Largest median latency at the target.", unit="ms", gt=0
    )
    max_size_mb: float | None = setting(None, label="File size, at most", help="Largest file.", unit="MB", gt=0)
    minutes: float = setting(
        10.0,
        label="Time to search and train",
        help="Time for searching and training; the best so far is kept.",
        unit="min",
        gt=0,
        le=10_080,
    )
