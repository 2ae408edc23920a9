"""Where the model will run, and what the user will accept."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, Self

from pydantic import model_validator

from engine.settings.base import Settings, setting
from engine.wording import many

Goal = Literal["latency", "size", "throughput"]


DEFAULT_PROVIDERS: dict[str, str] = {"onnxruntime": "CPUExecutionProvider", "openvino": "CPU", "any": "CPU"}
"""The provider of each runtime where a target names none: the CPU, by the runtime's own name."""
CUDA = "CUDAExecutionProvider"
"""onnxruntime's provider for NVIDIA's cards."""


class Owner(NamedTuple):
    """The runtime that has an option, and its provider where one alone has it."""

    runtime: str
    provider: str | None = None


OWNERS: dict[str, Owner] = {
    "precision": Owner("openvino"),
    "streams": Owner("openvino"),
    "spinning": Owner("onnxruntime", DEFAULT_PROVIDERS["onnxruntime"]),
    "quant_precision": Owner("onnxruntime", DEFAULT_PROVIDERS["onnxruntime"]),
    "tf32": Owner("onnxruntime", CUDA),
    "prefer_nhwc": Owner("onnxruntime", CUDA),
    "cuda_graph": Owner("onnxruntime", CUDA),
    "bound": Owner("onnxruntime", CUDA),
    "device_id": Owner("onnxruntime", CUDA),
}
"""Who has each option of a target; what is not here every runtime has. Elsewhere an option keeps its default."""


def _options_of(runtime: str, provider: str) -> tuple[str, ...]:
    """The names of the options that this provider has beside those of all; any runtime has those of every CPU."""
    if runtime == "any":
        return tuple(name for name, owner in OWNERS.items() if owner.provider != CUDA)
    return tuple(
        name for name, owner in OWNERS.items() if owner.runtime == runtime and owner.provider in (None, provider)
    )


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
        help="What OpenVINO computes 32-bit floats in. By itself a run races 32 bits and, on a processor that has "
        "them, 16 bits (bfloat16), which are faster and less exact. onnxruntime computes in what the file holds.",
        choices={"auto": "what is fastest", "f32": "32 bits (f32)", "bf16": "16 bits (bf16)"},
    )
    streams: int | None = setting(
        None,
        label="Streams",
        help="Calls that OpenVINO can compute side by side, each with its part of the threads; 1 if empty, which is "
        "best for one call at a time. Every call is timed alone, so that more streams make it slower.",
        ge=1,
        le=1024,
    )
    spinning: bool | None = setting(
        None,
        label="Idle threads keep looking for work",
        help="Whether onnxruntime's idle threads look for work in a loop, which is quick and takes processor time, or "
        "sleep (session.intra_op.allow_spinning). By itself it lets them look.",
    )
    quant_precision: bool = setting(
        False,
        label="Exact 8-bit sums without VNNI",
        help="On an x86 processor without VNNI, let onnxruntime multiply unsigned by unsigned bytes, whose sums cannot "
        "overflow, which is slower (session.x64quantprecision). With VNNI it changes nothing.",
    )
    tf32: bool = setting(
        True,
        label="TF32",
        help="Let the card round 32-bit floats to TF32 (10 bits) in matrix products and convolutions: faster, and less "
        "exact. The report says how much of both. A race tries both, unless this is off.",
    )
    prefer_nhwc: bool = setting(
        False,
        label="Channels last (NHWC)",
        help="Let convolutions on the card take channels last. It pays with 16-bit floats and dense convolutions, and "
        "costs where they are depthwise. A race tries both with 16-bit floats, unless this is on.",
    )
    cuda_graph: bool = setting(
        False,
        label="CUDA graph",
        help="Capture the calls to the card once and replay them as one, which pays at small batches. All operators "
        "must run on the card, and every call must have the same shapes. A race tries both, unless this is on.",
    )
    bound: bool = setting(
        False,
        label="Images are on the card already",
        help="Time calls whose inputs and outputs stay in buffers on the card. Else a call takes arrays in memory and "
        "copies them. The other of the two is measured in the same rounds, and the report has both.",
    )
    device_id: int | None = setting(
        None, label="Card", help="The number of the card, which trains too; 0, the first one, if empty.", ge=0, le=1023
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
    def _check_options(self) -> Self:
        """Refuses options that this runtime or provider does not have."""
        own = _options_of(self.runtime, self.provider)
        for name in (one for one in OWNERS if one not in own):
            if getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(self._foreign(name))
        return self

    def _foreign(self, name: str) -> str:
        owner, value = OWNERS[name], getattr(self, name)
        shown = str(value).lower() if isinstance(value, bool) else value
        if owner.runtime == self.runtime:
            return (
                f"'{name}' is {shown}, which {self.provider} does not take; leave it out, or set provider to "
                f"{owner.provider}"
            )
        reason = ", since it computes in what the file holds" if name == "precision" else ""
        to = f"runtime to {owner.runtime}{f' and provider to {owner.provider}' if owner.provider == CUDA else ''}"
        return f"'{name}' is {shown!r}, which {self.runtime} does not take{reason}; leave it out, or set {to}"

    @property
    def on_cpu(self) -> bool:
        """Whether the provider is the runtime's own for the CPU."""
        return self.provider == DEFAULT_PROVIDERS[self.runtime]

    @property
    def on_cuda(self) -> bool:
        """Whether onnxruntime's provider for NVIDIA cards computes."""
        return self.provider == CUDA

    def at(self, runtime: Literal["onnxruntime", "openvino"], provider: str) -> Self:
        """The same on this provider; options that it does not have are as they are by themselves."""
        own = _options_of(runtime, provider)
        others = {name: type(self).model_fields[name].default for name in OWNERS if name not in own}
        return self.model_copy(update={"runtime": runtime, "provider": provider, **others})

    @property
    def options(self) -> dict[str, object]:
        """The options that its provider has beside those of all, by name."""
        return {name: getattr(self, name) for name in _options_of(self.runtime, self.provider)}

    @property
    def option_texts(self) -> tuple[str, ...]:
        """The options that are not as the provider has them by itself, a phrase each."""
        phrases = {
            "precision": f"floats in {self.precision}",
            "streams": many(self.streams or 1, "stream"),
            "spinning": "idle threads spin" if self.spinning else "idle threads sleep",
            "quant_precision": "exact 8-bit sums",
            "tf32": "without TF32",
            "prefer_nhwc": "channels last",
            "cuda_graph": "as a CUDA graph",
            "bound": "buffers on the card",
            "device_id": f"card {self.device_id}",
        }
        defaults = type(self).model_fields
        return tuple(phrases[name] for name, value in self.options.items() if value != defaults[name].default)

    @property
    def arithmetic(self) -> tuple[object, ...]:
        """What decides a file's answers beside the machine: runtime, provider, and options by which it computes."""
        return (
            self.runtime,
            self.provider,
            self.precision,
            self.quant_precision,
            self.tf32,
            self.prefer_nhwc,
            self.device_id,
        )

    @property
    def for_answers(self) -> Self:
        """The target with the same answers that takes calls of any shape, and arrays in memory."""
        return self.model_copy(update={"cuda_graph": False, "bound": False})


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
