"""What goes over the pipe between the app and its worker."""

import io

import numpy as np
import pytest

from engine.errors import RunError
from engine.jobs.live_race_messages import MAX_BYTES, read_message, write_message
from engine.live_race.lanes import best_classes, scores_of
from engine.settings.live_race import LiveRaceAsk


def test_a_message_comes_back_with_its_bytes():
    pipe = io.BytesIO()
    write_message(pipe, LiveRaceAsk(verb="answer", mode="together"), b"\n\x00photo")
    write_message(pipe, LiveRaceAsk(verb="status"))
    pipe.seek(0)
    message, payload = read_message(pipe, LiveRaceAsk)
    assert (message.verb, message.mode, payload) == ("answer", "together", b"\n\x00photo")
    assert read_message(pipe, LiveRaceAsk)[0].verb == "status"
    assert read_message(pipe, LiveRaceAsk) is None


@pytest.mark.parametrize("line", [b"nonsense\n", b'{"verb": "delete"}\n', b'{"verb": "status", "more": 1}\n'])
def test_what_is_no_message_is_refused(line):
    with pytest.raises(RunError, match="cannot be read"):
        read_message(io.BytesIO(line), LiveRaceAsk)


def test_a_message_of_too_many_bytes_is_refused_unread():
    line = LiveRaceAsk(verb="answer", n_bytes=MAX_BYTES + 1).model_dump_json().encode() + b"\n"
    with pytest.raises(RunError, match="bytes, 64,000,000 are allowed"):
        read_message(io.BytesIO(line), LiveRaceAsk)


def test_a_message_that_is_cut_short_is_the_end():
    line = LiveRaceAsk(verb="answer", n_bytes=5).model_dump_json().encode() + b"\nabc"
    assert read_message(io.BytesIO(line), LiveRaceAsk) is None


def test_scores_are_those_of_the_first_image():
    assert scores_of(np.array([[1.0, 2.0], [3.0, 4.0]])).tolist() == [1.0, 2.0]
    assert scores_of(np.zeros((1, 3, 1, 1))).shape == (3,)
    for shape in ((1, 1), (1, 3, 4, 4), (2,)):
        with pytest.raises(RunError, match="no score for each class"):
            scores_of(np.zeros(shape))


def test_the_likeliest_classes_come_first():
    classes = best_classes(np.array([0.0, 5.0, 1.0, 2.0], np.float32), "abcd")
    assert [one.name for one in classes] == ["b", "d", "c"]
    assert classes[0].probability > 0.9
