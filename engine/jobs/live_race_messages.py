"""How the app and a warm worker talk over a pipe: a line of JSON, and the bytes that it announces."""

from typing import IO, TypeVar

from pydantic import ValidationError

from engine.errors import RunError
from engine.results.live_race import LiveRaceReply
from engine.settings.live_race import LiveRaceAsk

MAX_LINE, MAX_BYTES = 20_000_000, 64_000_000
Message = TypeVar("Message", LiveRaceAsk, LiveRaceReply)


def write_message(stream: IO[bytes], message: LiveRaceAsk | LiveRaceReply, payload: bytes = b"") -> None:
    """Sends a message whose `n_bytes` are those of the payload. Raises OSError where nobody reads any more."""
    announced = message.model_copy(update={"n_bytes": len(payload)})
    stream.write(announced.model_dump_json().encode() + b"\n" + payload)
    stream.flush()


def read_message(stream: IO[bytes], kind: type[Message]) -> tuple[Message, bytes] | None:
    """The next message with its payload; None where the other end is closed.

    Raises RunError for a line that is no message, or one that announces more than MAX_BYTES.
    """
    line = stream.readline(MAX_LINE)
    if not line.endswith(b"\n"):
        return None
    try:
        message = kind.model_validate_json(line)
    except ValidationError as error:
        raise RunError("a message between the app and its worker cannot be read", "Start the race again") from error
    if message.n_bytes > MAX_BYTES:
        raise RunError(f"a message announces {message.n_bytes:,} bytes, {MAX_BYTES:,} are allowed", "Send less")
    payload = stream.read(message.n_bytes) if message.n_bytes else b""
    return None if len(payload) < message.n_bytes else (message, payload)
