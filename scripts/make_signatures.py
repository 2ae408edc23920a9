"""Writes the signatures of the catalogue's architectures, by which a checkpoint's architecture is suggested.

python -m scripts.make_signatures      a few minutes on one core; run it after make_catalogue
"""

import csv
import gc
import logging
import sys
import warnings

import timm
import torch

from engine.catalogue import entries
from engine.catalogue.signatures import COLUMNS, SIGNATURES, signature


def signature_of(name: str) -> str:
    """The signature of timm's own network of this name, built without memory for its weights."""
    with torch.device("meta"):
        state = timm.create_model(name).state_dict()
    return signature({key: tuple(tensor.shape) for key, tensor in state.items()})


def main() -> None:
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    rows = []
    for name in sorted(entries()):
        try:
            rows.append((name, signature_of(name)))
        except (RuntimeError, NotImplementedError, ValueError, TypeError, AttributeError) as error:
            print(f"{name} is left out: {type(error).__name__}", file=sys.stderr)
        gc.collect()
    with SIGNATURES.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, lineterminator="\n").writerows([COLUMNS, *rows])
    print(f"{len(rows)} architectures, {len({row[1] for row in rows})} signatures in {SIGNATURES.name}")


if __name__ == "__main__":
    main()
