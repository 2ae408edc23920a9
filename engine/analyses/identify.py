"""What a checkpoint without a name is: its tensors, and the architectures that they may be of."""

from pathlib import Path

from engine.errors import SourceError
from engine.models.artifacts import file_sha256
from engine.models.fit import suggestions
from engine.models.weights import read_state
from engine.results import Identification
from engine.settings import IdentifyRequest
from engine.store.folders import JobFolder
from engine.store.progress import Progress


def identify(request: IdentifyRequest, folder: JobFolder, progress: Progress) -> Identification:
    """The checkpoint's tensors and the architectures of the same names and shapes, the likeliest first.

    Raises SourceError where the file holds no weights, or is another one than its SHA-256 says.
    """
    path = Path(request.weights or "")
    progress.emit("identify", "load", 0.0, "reading the weights")
    state, notes = read_state(path)
    if request.weights_sha256 not in (None, file_sha256(path)):
        raise SourceError(f"the weights file '{path.name}' has changed since it was named", "Choose it again")
    return Identification(
        name=path.name,
        n_tensors=len(state),
        parameters=sum(tensor.numel() for tensor in state.values()),
        architectures=suggestions(state),
        notes=notes,
    )
