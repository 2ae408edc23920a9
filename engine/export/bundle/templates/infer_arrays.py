"""Runs the model on arrays: `python infer.py INPUTS.npz OUTPUTS.npz`, or from another program:

    from infer import Model
    outputs = Model().call({"x": array})

Needs numpy and the runtime of session.py alone.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from session import Session


class Model:
    """The model of the bundle in `folder`, which is that of this file if left out."""

    def __init__(self, folder: str | Path | None = None, threads: int | None = None) -> None:
        self.folder = Path(folder or Path(__file__).parent)
        self.settings: Mapping[str, Any] = json.loads((self.folder / "bundle.json").read_text(encoding="utf-8"))
        self.task: str = self.settings["task"]
        self.batch_size: int = self.settings["batch"]["measured"]
        """Examples of a call as it was measured."""
        self.fixed_batch: int | None = self.settings["batch"]["fixed"]
        """Examples of every call where the graph takes no other number; None where it takes any."""
        self.session = Session(self.folder / self.settings["model"]["file"], self.settings["session"], threads)

    def call(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """One call: an array for each input by its name, the first axis that of the examples -> the outputs by name.

        Raises ValueError that names an input without an array.
        """
        return self.session(self.as_graph(arrays))

    def as_graph(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The arrays that the graph takes, in its number types. Raises ValueError that names a missing one."""
        specs = self.settings["inputs"]
        missing = [spec["name"] for spec in specs if spec["name"] not in arrays]
        if missing:
            raise ValueError(f"there is no array for the input '{missing[0]}'")
        return {spec["name"]: np.asarray(arrays[spec["name"]], spec["dtype"]) for spec in specs}


def main() -> int:
    """Writes the outputs; the exit status is 1 where an array is missing."""
    parser = argparse.ArgumentParser(description="Run the model on arrays.")
    parser.add_argument("inputs", metavar="INPUTS.npz", help="an array for each input, by its name")
    parser.add_argument("outputs", metavar="OUTPUTS.npz", help="the file to write")
    parser.add_argument("--threads", type=int, help="threads; as it was measured if left out")
    options = parser.parse_args()
    model = Model(threads=options.threads)
    with np.load(options.inputs) as arrays:
        try:
            outputs = model.call({name: arrays[name] for name in arrays.files})
        except ValueError as error:
            print(error, file=sys.stderr)
            return 1
    for name, values in outputs.items():
        print(f"{name}: {values.dtype} {values.shape}")
    with Path(options.outputs).open("wb") as file:
        np.savez(file, **outputs)  # type: ignore[arg-type]
    return 0


if __name__ == "__main__":
    sys.exit(main())
