"""Where the model will run, and what the user will accept."""

from typing import Literal

from engine.settings.base import Settings, setting

Goal = Literal["latency", "size", "throughput"]


class Target(Settings):
    """Runtime, execution provider, threads and batch size that every latency is measured at."""

    runtime: Literal["onnxruntime"] = setting("onnxruntime", help="The inference runtime.")
    provider: str = setting("CPUExecutionProvider", help="The execution provider.", min_length=1, max_length=100)
    threads: int | None = setting(
        None,
        label="Threads",
        help="Threads of one operator; the cores that this process may use if empty.",
        ge=1,
        le=1024,
    )
    batch_size: int = setting(1, label="Images a call", help="Images a call.", unit="images", ge=1, le=1024)


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
