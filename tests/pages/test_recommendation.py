"""The recommendation of a run on its page."""

import pytest

from engine import Note, Recommendation
from tests.made import INT8, made_report


@pytest.mark.parametrize(("code", "is_said"), [("choice_not_confirmed", True), ("best_latency", False)])
def test_it_says_what_was_chosen_first_and_was_not_confirmed(app, finished, code, is_said):
    why = "Nothing with other weights is recommended: b was chosen, and lost too much"
    made = made_report(recommended=Recommendation(id=INT8, reason=Note(code=code, text=why)))
    at = app("pages/results.py", run=finished(made).id)
    assert not at.exception
    assert any(why in caption.value.replace("\\", "") for caption in at.caption) == is_said
