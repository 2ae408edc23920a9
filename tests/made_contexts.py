"""Contexts of steps, made without a run."""

import math
from contextlib import nullcontext
from dataclasses import fields

from engine.context import no_progress
from engine.search.context import no_candidate
from engine.settings import Budget, Target
from engine.system.machine import isa
from engine.techniques.quantize import saturates

SATURATES = saturates(isa())
"""Whether full bytes saturate on this CPU, so that weights have 7 bits."""


def isa_or(flags):
    """These instruction sets; the CPU's own where full bytes saturate on it, so that what is computed here is right."""
    return isa() if SATURATES else flags


def made_context(kind, data, folder, **changes):
    """A context of the class `kind`: one thread, no deadline, nobody who listens.

    How it exports, predicts and caches must be among the changes, where the class has such a field.
    """
    values = {
        "data": data,
        "seed": 0,
        "folder": folder,
        "deadline": math.inf,
        "isa": isa_or(()),
        "target": Target(threads=1),
        "on_progress": no_progress,
        "shared": folder.parent / "shared",
        "checkpoint": None,
        "baseline_model": None,
        "measure_lock": nullcontext,
        "budget": Budget(),
        "goal": "latency",
        "baseline": None,
        "placements": None,
        "race_targets": (),
        "on_candidate": no_candidate,
    }
    names = {one.name for one in fields(kind)}
    return kind(**{name: value for name, value in values.items() if name in names} | changes)
