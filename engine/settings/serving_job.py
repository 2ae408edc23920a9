"""The request to measure a bundle's own server under load."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from engine.settings.base import Settings, setting

MOST_SETTINGS = 24


class ServeBenchRequest(Settings):
    """The request to start the server of a bundle, and to measure it with and without its cache; the result is a
    ServeBench.

    `bundle` is the path of the zip and `folder` where the variant lies in it. Everything random follows from `seed`.
    """

    kind: Literal["serve_bench"] = "serve_bench"
    bundle: str = setting(help="The zip that `bundle` made.", min_length=1)
    bundle_sha256: str = setting("", help="Its SHA-256; filled in.")
    folder: str = setting("", help="The variant's folder in a zip of several.", pattern=r"^([0-9a-f]{12}/)?$")
    run: str = setting("", help="The run that the bundle is of; filled in.")
    variant: str = setting("", help="The variant that it runs; filled in.")
    batch_sizes: tuple[Annotated[int, Field(ge=1, le=64)], ...] = setting(
        (1, 4, 8), label="Images a call, at most", help="The batch sizes.", min_length=1, max_length=6
    )
    timeouts_ms: tuple[Annotated[float, Field(ge=1, le=200)], ...] = setting(
        (2.0,),
        label="Wait for a batch",
        help="How long requests are collected; a batch size of 1 waits for none.",
        unit="ms",
        min_length=1,
        max_length=4,
    )
    max_p99_ms: float | None = setting(
        None,
        label="99 of 100 answers within",
        help="The best setting is the one that answers most requests a second within it.",
        unit="ms",
        gt=0,
    )
    n_clients: int = setting(32, label="Clients", help="Requests that are under way at the most.", ge=1, le=128)
    n_images: int = setting(500, label="Different images", help="How many there are to ask for.", ge=1, le=5000)
    zipf: float = setting(
        1.1,
        label="How unevenly images are asked for",
        help="The exponent of Zipf's law: 0 asks for all alike; the larger, the more the cache answers.",
        ge=0,
        le=3,
    )
    seconds: float = setting(2.0, help="How long each load lasts, at least.", unit="s", ge=0.2, le=30)
    repeats: int = setting(3, help="How often each load is measured.", ge=1, le=10)
    seed: int = 0
    minutes: float = setting(15.0, help="No setting is begun after this.", unit="min", gt=0, le=120)

    @model_validator(mode="after")
    def _is_small_enough(self) -> Self:
        if len(self.settings) > MOST_SETTINGS:
            raise ValueError(f"{len(self.settings)} settings are asked for, at most {MOST_SETTINGS} are allowed")
        return self

    @property
    def settings(self) -> tuple[tuple[int, float], ...]:
        """Batch size and wait of each setting, the smallest batch first; one after the other waits for nothing."""
        waits = tuple(sorted(set(self.timeouts_ms)))
        return tuple(
            (size, wait) for size in sorted(set(self.batch_sizes)) for wait in ((0.0,) if size == 1 else waits)
        )
