"""An analysis that waits for its turn says for whom, keeps its fraction, and gives up once."""

import onnx
import pytest

from engine.analyses.measure_lock import wait_event
from engine.analyses.paired_latency import PairTimer
from engine.errors import WaitError
from engine.models.graph import read_onnx
from engine.settings import Target
from engine.store.cache import Cache
from engine.store.folders import JobFolder
from engine.store.measure_lock import measure_lock
from engine.store.progress import Progress
from tests.models.small import Shape, small_classifier


def test_advice_that_waits_too_long_ends_with_who_measures(home, tmp_path, monkeypatch):
    onnx.save(small_classifier(Shape(image=("batch", 3, 16, 16))), tmp_path / "m.onnx")
    model, folder = read_onnx(tmp_path / "m.onnx"), JobFolder(tmp_path)
    progress = Progress(folder)
    progress.emit("advise", "measure", 0.5, "timing")
    monkeypatch.setattr("engine.store.measure_lock.MAX_WAIT_SECONDS", 0.0)
    monkeypatch.setattr("engine.store.measure_lock.TELL_SECONDS", 0.01)
    monkeypatch.setattr(PairTimer, "_candidate", lambda self, name: model)
    monkeypatch.setattr(PairTimer, "_check_own", lambda self: pytest.fail("it waits once more"))
    timer = PairTimer(model, Target(threads=1), Cache(home.cache), home.measure_lock, tmp_path)
    with measure_lock(home.measure_lock, "somebody's run"), pytest.raises(WaitError, match="somebody's run"):
        timer.pair("resnet18")

    monkeypatch.setattr("engine.store.measure_lock.MAX_WAIT_SECONDS", 0.05)
    told = wait_event(folder, progress, "advise")
    waiting = measure_lock(home.measure_lock, "advice", told)
    with measure_lock(home.measure_lock, "somebody's run"), pytest.raises(WaitError), waiting:
        pytest.fail("two have it")
    last = folder.last_event()
    assert (last.phase, last.fraction, "'somebody's run' measures" in last.message) == ("waiting", 0.5, True)
