import pytest

from engine.wording import many, time_was_up


@pytest.mark.parametrize(("number", "noun", "said"), [
    (0, "image", "0 images"), (1, "candidate", "1 candidate"), (1234, "image", "1,234 images"),
    (1, "class", "1 class"), (2, "class", "2 classes"), (2, "index", "2 indexes"), (3, "epoch", "3 epochs"),
])  # fmt: skip
def test_one_is_one_and_more_are_more(number, noun, said):
    assert many(number, noun) == said


def test_an_odd_plural_is_given():
    assert many(2, "axis", "axes") == "2 axes"
    assert many(1, "axis", "axes") == "1 axis"


def test_work_that_stopped_at_one_minute_says_it_of_one():
    assert [time_was_up(minutes) for minutes in (0.5, 1, 10)] == [
        "The 0.5 minutes were up",
        "The minute was up",
        "The 10 minutes were up",
    ]
