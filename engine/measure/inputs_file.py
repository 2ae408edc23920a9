"""The inputs of a call as a file, for a process that has nothing else."""

from pathlib import Path

import numpy as np

from engine.tasks import Inputs

ARRAY, ARRAYS = "inputs.npy", "inputs.npz"


def write_inputs(inputs: Inputs, folder: Path) -> Path:
    """The path of a new file in the folder: images as one array, other inputs as one array each."""
    if isinstance(inputs, np.ndarray):
        np.save(folder / ARRAY, inputs)
        return folder / ARRAY
    np.savez(folder / ARRAYS, allow_pickle=False, **dict(inputs))
    return folder / ARRAYS


def read_inputs(path: Path) -> Inputs:
    """The inputs that `write_inputs` wrote."""
    content = np.load(path, allow_pickle=False)
    if isinstance(content, np.ndarray):
        return content
    with content:
        return dict(content)
