"""How a bundle's own server collects requests, and what it refuses."""

from engine.settings.base import Settings, setting


class ServeSettings(Settings):
    """The settings of the server of a bundle, which its serve.json holds and its options override."""

    max_batch_size: int = setting(
        8,
        label="Images a call, at most",
        help="Requests that wait together are answered by one call of the model; 1 answers one after the other.",
        ge=1,
        le=1024,
    )
    batch_timeout_ms: float = setting(
        2.0,
        label="Wait for a batch",
        help="How long requests are collected before the model is called with those that came.",
        unit="ms",
        ge=0,
        le=1000,
    )
    cache_mb: float = setting(
        64.0,
        label="Cache of replies",
        help="Memory for replies to images that came before; 0 keeps none.",
        unit="MB",
        ge=0,
        le=100_000,
    )
    queue_limit: int = setting(
        128,
        label="Images that may wait",
        help="A request beyond it is refused with status 503, so that those that wait are answered in time.",
        ge=1,
        le=100_000,
    )
    max_bytes: int = setting(
        20_000_000, label="Largest image file", help="A larger one is refused.", unit="bytes", ge=1000, le=10**9
    )
    max_pixels: int = setting(
        50_000_000,
        label="Largest image",
        help="Width times height; a larger one is refused before it is unpacked.",
        unit="pixels",
        ge=1,
        le=10**9,
    )
    timeout_s: float = setting(
        30.0,
        label="Longest wait",
        help="An image that waited longer is answered with status 504.",
        unit="s",
        gt=0,
        le=3600,
    )


class MeasuredServing(Settings):
    """Where and how the settings of a server were chosen: the answers a second and the p99 that they had at `rate`
    requests a second, within `max_p99_ms` if that was asked for."""

    cpu: str
    cores: int
    max_p99_ms: float | None
    p99_ms: float
    per_s: float
    rate: float


class ServeChoice(Settings):
    """serve.json of a bundle; `measured` is null where the settings are the defaults."""

    settings: ServeSettings = ServeSettings()
    measured: MeasuredServing | None = None


DEFAULT_SERVING = ServeChoice()
