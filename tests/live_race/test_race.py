"""A race in its own process: lanes that take turns, with calls that only settle the threads where the lane changes."""

from contextlib import nullcontext

import numpy as np
import onnx
import pytest

from engine.live_race import race
from engine.live_race.lanes import Lane
from engine.live_race.track import Track
from engine.settings import Target
from engine.settings.live_race import LiveRaceLane
from tests.jobs.standins import until
from tests.made import BASE, INT8


class Session:
    """Stands in for a runtime's: the second class for every image, at once."""

    options: dict[str, str] = {}  # noqa: RUF012 (as a runtime's)

    def __init__(self) -> None:
        self.n_calls = 0

    def __call__(self, image):
        self.n_calls += 1
        return {"scores": np.array([[0.0, 1.0]], np.float32)}


def lane(id: str) -> Lane:
    settings = LiveRaceLane(variant_id=id, label=id, file="a.onnx", sha256="", target=Target())
    return Lane(settings=settings, session=Session(), proto=onnx.ModelProto(), output="scores", batch=1)


@pytest.mark.parametrize("ids", [(BASE,), (BASE, INT8)], ids=["one lane", "two lanes"])
def test_a_lane_alone_makes_one_call_that_does_not_count_and_lanes_in_turns_one_a_turn(ids, monkeypatch):
    monkeypatch.setattr(race, "TURN_SECONDS", 1e-9)  # a call a turn
    image = np.zeros((1, 1, 2, 2), np.float32)
    track = Track(inputs=(image,) * 4, labels=np.array([1, 1, 0, 1]), laps=5, n_evaluation=4, title="", sheet=b"")
    lanes = [lane(id) for id in ids]
    started = race.Race(lanes, track, ("a", "b"), lambda on_wait: nullcontext())
    started.start("alone")
    until(lambda: started.status().phase == "finished")
    status = started.status()
    assert [one.n_done for one in status.lanes] == [track.distance] * len(ids)
    assert [one.n_right for one in status.lanes] == [3] * len(ids)
    further = [one.session.n_calls - track.distance for one in lanes]
    assert further == [1] if len(ids) == 1 else min(further) > 1
