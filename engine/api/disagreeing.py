"""The verbs that show on which images a variant of a run answers otherwise than its baseline."""

from engine.api.jobs import analyse, find_resolved
from engine.jobs.queue import Queue
from engine.planning.disagreeing import disagreements_request
from engine.results import Job


def find_disagreements(id: str, variant_id: str) -> Job | None:
    """The newest job that looked at this variant of a run, in whatever state.

    Raises NotFoundError where there is no such run, and RequestError where it cannot be looked at.
    """
    return find_resolved(disagreements_request(Queue.default().folder(id).path, variant_id))


def start_disagreements(id: str, variant_id: str) -> Job:
    """Queue such a look, or return the equal job that waits, runs or is done. Raises as `find_disagreements`."""
    return analyse(disagreements_request(Queue.default().folder(id).path, variant_id))
