"""What measured throughput costs at a price per hour."""

import math

from engine.errors import SettingsError

SECONDS_PER_HOUR = 3600
MILLION = 1_000_000


def cost_per_million(price_per_hour: float, per_s: float) -> float:
    """The price of a million answers of a machine that gives `per_s` of them a second all the time.

    In the currency of the price. Raises SettingsError for a price below 0 or no throughput.
    """
    _check("the price per hour", price_per_hour, 0, allowed=price_per_hour >= 0)
    _check("the answers a second", per_s, 0, allowed=per_s > 0)
    return price_per_hour / SECONDS_PER_HOUR / per_s * MILLION


def machines_for(traffic_per_s: float, per_s: float) -> int:
    """How many machines answer so much traffic where each gives `per_s`, one at least.

    Raises SettingsError for traffic or throughput that is not above 0.
    """
    _check("the traffic", traffic_per_s, 0, allowed=traffic_per_s > 0)
    _check("the answers a second", per_s, 0, allowed=per_s > 0)
    return max(1, math.ceil(traffic_per_s / per_s))


def _check(name: str, value: float, least: int, *, allowed: bool) -> None:
    if not allowed or not math.isfinite(value):
        raise SettingsError(f"{name} is {value:g}, which must be a number above {least}", "Enter another number")
