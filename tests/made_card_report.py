"""A finished run on a card, made by hand: its report, and what is packed of it."""

from engine.results import Report
from engine.settings import Recipe, Target
from engine.settings.target import CUDA
from tests.made import BASE, INT8, RECIPE, made_cold_start, made_latency, made_report, made_variant

HOST, CARD = "A CPU", "NVIDIA H100"
ON_CARD = Target(provider=CUDA, threads=2)


def made_card_report(cards: tuple[str, ...] = (CARD,), target: Target = ON_CARD) -> Report:
    """Two variants that were timed on this card with buffers there and with arrays in memory."""
    buffers = "bound" if target.bound else "numpy"
    changed = {"provider": CUDA, "buffers": buffers, "other_buffers_p50_ms": 3.0}
    cold_start = made_cold_start(30.0, None).model_copy(update={"provider": CUDA})
    variants = (
        made_variant(id, label, latency=made_latency(p50, ratio).model_copy(update=changed), cold_start=cold_start)
        for id, label, p50, ratio in ((BASE, "Baseline", 2.0, 1.0), (INT8, "16-bit floats", 1.0, 0.5))
    )
    report = made_report(*variants, recipe=Recipe.parse(RECIPE.model_dump() | {"target": target.model_dump()}))
    machine = report.environment.model_copy(update={"graphics_cards": cards})
    return report.model_copy(update={"environment": machine})
