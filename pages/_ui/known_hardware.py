"""What an examination of this machine has found of its providers, without asking for one."""

from engine import Hardware, HardwareRequest, Provider, result
from pages._ui import linked_analysis, live

ADDRESS = "hardware"
"""The parameter of the address that holds the examination."""


def providers() -> tuple[Provider, ...] | None:
    """Every provider with whether it works; None where this machine was not examined, or is being examined."""
    job = linked_analysis.find(ADDRESS, HardwareRequest())
    found = result(job.id) if job is not None and job.state in live.ENDED else None
    return found.providers if isinstance(found, Hardware) else None
