"""How a program begins with a file: what it waits for before its first answer, and the memory that this takes."""

from engine.results.base import Result
from engine.settings.target import CUDA


class Spread(Result):
    """A median with the lowest and the highest value of a few measurements: a range, not an interval."""

    median: float
    low: float
    high: float


class FirstCall(Result):
    """One fresh process that imported the runtime, opened a file and called it once.

    numpy was there before, as it is in any program that has inputs. `import_bytes` is what the peak of the resident
    memory rose by while the runtime was imported, `session_bytes` what it rose by from then to the end of the first
    call.
    """

    import_ms: float
    load_ms: float
    first_call_ms: float
    import_bytes: int
    session_bytes: int


class ColdStart(Result):
    """Fresh processes that imported the runtime, opened the file and called it once, one at a time.

    In each round every file of a run has its turn. The file was read before, so that no disk is waited for: a new
    machine needs longer. `load_ms` is the creation of the session, `first_call_ms` the call after it. `session_bytes`
    is resident memory at its peak, without that of the import, `import_bytes`, which is the same for every file of
    one runtime. `load_ratio` is that of the loads to the baseline's, round by round, and None for the baseline.
    """

    runtime: str
    provider: str
    threads: int
    batch_size: int
    n_processes: int
    import_ms: Spread
    load_ms: Spread
    first_call_ms: Spread
    import_bytes: Spread
    session_bytes: Spread
    load_ratio: Spread | None = None

    @property
    def memory_text(self) -> str:
        """Which memory the peak is of, where that is not all that the session has."""
        return "peak memory is the host's: what lies on the card is not in it" if self.provider == CUDA else ""
