"""What the finding adds where the images that report speak against the choice."""

import pytest

from engine.results import Note, Recommendation, caveats, codes, finding, unconfirmed_text
from tests.made import BASE, INT8, made_report

WHY = "INT8, the baseline's own weights. Nothing with other weights is recommended: b was chosen, and lost too much"


def report(id, code):
    return made_report(recommended=Recommendation(id=id, reason=Note(code=code, text=WHY)))


@pytest.mark.parametrize(
    ("id", "code", "is_said"),
    [
        (INT8, codes.CHOICE_NOT_CONFIRMED, True),
        (INT8, codes.DUPLICATE_IMAGES, True),
        (INT8, "best_latency", False),
        (BASE, codes.CHOICE_NOT_CONFIRMED, False),  # the finding itself says it
    ],
)
def test_where_the_same_weights_take_the_place_of_the_choice_the_whole_reason_is_said(id, code, is_said):
    given = report(id, code)
    assert unconfirmed_text(given) == (WHY if is_said else "")
    assert (f"{WHY}." in caveats(given)) == is_said
    if id == BASE:
        assert "Nothing with other weights is recommended" in finding(given)[0]
