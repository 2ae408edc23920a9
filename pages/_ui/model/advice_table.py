"""An advice as text and as a table: its Pareto front, its figures, and what they were measured at."""

import pandas as pd

from engine import Advice
from engine.wording import many
from pages._ui.browser_terms import told
from pages._ui.wording import milliseconds, plain, share

LISTS = ("faster", "better", "front")
"""The lists of an advice that an architecture can be in; the table names them."""


def front(advice: Advice) -> str:
    """The architectures of the Pareto front, numbered like the points of the chart."""
    architectures = [one for name in advice.front if (one := advice.architecture(name))]
    return "The front: " + " · ".join(
        f"**{number}** {plain(one.name)} {plain(share(one.published.top1)) if one.published else ''}"
        for number, one in enumerate(architectures, start=1)
    )


def legend(advice: Advice) -> str:
    """What the figures were measured at, and what the published accuracy means for them."""
    own, target = advice.own, advice.target
    channels, height, width = own.input_shape
    spread = (
        f", between {milliseconds(own.lowest_ms)} and {milliseconds(own.highest_ms)} as the machine drifted"
        if own.lowest_ms and own.highest_ms
        else ""
    )
    text = (
        f"Measured here at {channels}×{height}×{width}, batch {target.batch_size}, "
        f"{many(target.threads, 'thread')}, untrained. Your model's median is {milliseconds(own.p50_ms or 0)}"
        f"{spread}; points lie at their ratio to it in the same rounds, with its 95 % interval."
    )
    sizes = {one.published.img_size for one in advice.measured if one.published}
    if sizes - {max(height, width)}:
        pixels = ", ".join(str(size) for size in sorted(sizes))
        text += (
            f" Top-1 was published at {pixels} px: at another size, and on other images, a network reaches "
            "something else; it says how architectures compare."
        )
    return text


def as_frame(advice: Advice) -> pd.DataFrame:
    """A row for each architecture that was measured, the fastest first."""
    return pd.DataFrame(
        [
            {
                "Architecture": one.name,
                "of yours": one.latency.ratio_to_baseline,
                "95 %": f"{one.latency.ratio_low:.2f} to {one.latency.ratio_high:.2f}"
                + (" (busy)" if one.busy else ""),
                "ms": one.latency.ratio_to_baseline * (advice.own.p50_ms or 0),
                "top-1": 100 * one.published.top1 if one.published else None,
                "at px": one.published.img_size if one.published else None,
                "parameters": one.parameters / 1e6 if one.parameters else None,
                "advice": ", ".join(name for name in LISTS if one.name in getattr(advice, name)),
                "what it is": f"{one.family}: {one.why}",
            }
            for one in advice.measured
            if one.latency
        ]
    )


def refusals(advice: Advice) -> list[str]:
    """A line for each architecture that could not be measured, with the reason."""
    return [f"{plain(one.name)}: {told(one.refused.text)}" for one in advice.architectures if one.refused]
