"""Which steps and races of a run ended because the time was up."""

from engine.results import codes
from engine.results.base import Note, Result
from engine.results.report import Race, Report


class CutShort(Result):
    """A step that ended because the time was up, and the note that says so.

    `variant_id` is its result; null for a race that kept the model as it was or was not decided.
    """

    branch: int
    step: int
    variant_id: str | None
    is_race: bool
    note: Note


def cut_short(report: Report) -> tuple[CutShort, ...]:
    """The races and steps of a report that ended because the time was up; their result is the best by then."""
    race_steps = {(race.branch, race.step) for race in report.races}
    steps = [
        CutShort(
            branch=race.branch,
            step=race.step,
            is_race=True,
            note=note,
            variant_id=_winning_file(report, race),
        )
        for race in report.races
        if (note := _time_note(race.notes))
    ]
    steps += [
        CutShort(branch=variant.branch, step=variant.step, is_race=False, note=note, variant_id=variant.id)
        for variant in report.main_variants
        if (note := _time_note(variant.notes)) and (variant.branch, variant.step) not in race_steps
    ]
    return tuple(steps)


def _winning_file(report: Report, race: Race) -> str | None:
    """The id of a race's winner, at the first target where several race; None where the file stays as it was."""
    winner = report.variant(race.winner_id) if race.winner_id is not None else None
    id = winner.file_variant_id if winner is not None else race.winner_id
    return id if id != race.parent_id else None


def unfinished_ids(report: Report) -> frozenset[str]:
    """Ids of the variants whose own step, or one that led to them, ended because the time was up.

    They are no equals of the others: with more minutes they might be better.
    """
    cut = {one.variant_id for one in cut_short(report)}
    return frozenset(
        variant.id
        for variant in report.main_variants
        if not cut.isdisjoint(ancestor.id for ancestor in report.lineage(variant.id))
    )


def _time_note(notes: tuple[Note, ...]) -> Note | None:
    return next((note for note in notes if note.code in codes.TIME_WAS_UP), None)
