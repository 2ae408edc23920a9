"""Counts every timm architecture and writes the catalogue that ships.

    python -m scripts.make_catalogue      about a quarter of an hour on one core; continues where it stopped

Rows already in the file stay: delete the file after an update of timm. At its end it prints the architectures that
cannot be counted, which are left out.
"""

import csv
import gc
import logging
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import timm
import torch
from timm.data import resolve_model_data_config
from timm.layers import set_fused_attn
from timm.utils import reparameterize_model
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from engine.catalogue import CATALOGUE, COLUMNS, to_row
from engine.results import CatalogueEntry

MAX_REAL_PARAMETERS = 400_000_000


class MacCounter(TorchDispatchMode):
    """Adds up multiply-adds that depend on the image: those of weights alone are folded in the exported graph."""

    def __init__(self, image: torch.Tensor) -> None:
        super().__init__()
        self.macs = 0
        self._of_image = {image.untyped_storage()._cdata: image.untyped_storage()}

    def __torch_dispatch__(
        self, func: Any, types: Iterable[type], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        output = func(*args, **kwargs)
        if any(self._depends(tensor) for tensor in tree_leaves((args, kwargs)) if isinstance(tensor, torch.Tensor)):
            for tensor in tree_leaves(output):
                if isinstance(tensor, torch.Tensor):
                    self._of_image[tensor.untyped_storage()._cdata] = tensor.untyped_storage()
            if func._overloadpacket in flop_registry:
                self.macs += flop_registry[func._overloadpacket](*args, **kwargs, out_val=output) // 2
        return output

    def _depends(self, tensor: torch.Tensor) -> bool:
        return tensor.untyped_storage()._cdata in self._of_image


def entry(name: str) -> CatalogueEntry:
    """The catalogue's row of one architecture, counted without weights where it allows that."""
    try:
        return _count_entry(name, "meta")
    except (RuntimeError, NotImplementedError, ValueError, TypeError, AttributeError):
        if _parameters(timm.create_model(name, device="meta")) > MAX_REAL_PARAMETERS:
            raise
        return _count_entry(name, "cpu")


def _count_entry(name: str, device: str) -> CatalogueEntry:
    with torch.device(device):
        model = timm.create_model(name).eval()
        size = resolve_model_data_config(model)["input_size"]
        model = reparameterize_model(model).to(device)
        image = torch.zeros(1, *size)
    with torch.no_grad(), MacCounter(image) as counter:
        model(image)
    return CatalogueEntry(
        name=name,
        family=family(name),
        parameters=_parameters(model),
        macs=counter.macs,
        input_size=tuple(size),
        pretrained_tags=tags(name),
    )


def family(name: str) -> str:
    """timm's module of the architecture, in words."""
    return timm.models.model_entrypoint(name).__module__.rpartition(".")[2].replace("_", " ")


def tags(name: str) -> tuple[str, ...]:
    """The pretrained weights that timm can fetch, the default one first."""
    names = timm.list_pretrained(f"{name}.*") + timm.list_pretrained(name)
    available = {full.partition(".")[2] for full in names if full.partition(".")[0] == name}
    default = timm.models.get_pretrained_cfg(name)
    first = getattr(default, "tag", None)
    return tuple(sorted(available, key=lambda tag: (tag != first, tag)))


def _parameters(model: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def main() -> None:
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    set_fused_attn(False)
    rows = _rows(CATALOGUE)
    failures = {}
    with CATALOGUE.open("a", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        for name in timm.list_models():
            if name not in rows:
                try:
                    rows[name] = to_row(entry(name))
                except Exception as error:  # noqa: BLE001  an architecture of timm may fail in any way
                    failures[name] = f"{type(error).__name__}: {str(error).splitlines()[0][:150] if str(error) else ''}"
                    continue
                writer.writerow(rows[name])
                stream.flush()
                gc.collect()
                print(*rows[name][:4], file=sys.stderr)
    with CATALOGUE.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, lineterminator="\n").writerows([COLUMNS, *(rows[name] for name in sorted(rows))])
    print(f"{len(rows)} architectures in {CATALOGUE.name}, {len(failures)} left out")
    for name, reason in failures.items():
        print(f"  {name}: {reason}")


def _rows(path: Path) -> dict[str, list[str]]:
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as stream:
        return {row[0]: row for row in csv.reader(stream) if tuple(row) != COLUMNS}


if __name__ == "__main__":
    main()
