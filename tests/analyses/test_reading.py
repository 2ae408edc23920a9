"""Every job that reads images says how far that is, and reads no file that an earlier job has read."""

from pathlib import Path

import pytest
from PIL import Image

from engine.analyses.audit import audit
from engine.analyses.confusion import confusion
from engine.analyses.detect import detect
from engine.analyses.preview import preview
from engine.analyses.sensitivity import sensitivity
from engine.results import Event
from engine.run.pipeline import load
from engine.settings import (
    AuditRequest,
    ConfusionRequest,
    DetectRequest,
    ImagesData,
    PreviewRequest,
    QuantizeDynamic,
    Recipe,
    SensitivityRequest,
    TimmModel,
)
from engine.store.cache import Cache
from engine.store.folders import JobFolder
from engine.store.home import Home
from engine.store.progress import Progress

NETWORK = TimmModel(name="test_resnet", weights="random", num_classes=2)


class Stopped(Exception):
    """Ends a job where it would read the files."""


def run(request: Recipe, folder: JobFolder, progress: Progress) -> None:
    folder.work.mkdir()
    load(request, folder.work, Cache(Home.default().cache), lambda share, text: progress.emit("", "", share, text))


@pytest.mark.parametrize(
    ("job", "request_class"),
    [
        (preview, PreviewRequest),
        (audit, AuditRequest),
        (detect, DetectRequest),
        (confusion, ConfusionRequest),
        (sensitivity, SensitivityRequest),
        (run, Recipe),
    ],
)
def test_reading_is_told_and_remembered(job, request_class, tmp_path: Path, monkeypatch):
    for number in range(40):
        path = tmp_path / "images" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (16, 16), (number, 0, 0)).save(path)

    def stop(content, files, cache, on_progress) -> None:
        on_progress(0.5, f"half of {len(files)} images read")
        raise Stopped(cache._root)

    monkeypatch.setattr("engine.data.images.checked_files", stop)
    steps = {"steps": (QuantizeDynamic(method="dynamic"),)} if request_class is Recipe else {}
    request = request_class(model=NETWORK, data=ImagesData(path=str(tmp_path / "images")), **steps)
    folder, events = JobFolder(tmp_path / "job"), list[Event]()
    folder.path.mkdir()
    with pytest.raises(Stopped) as stopped:
        job(request, folder, Progress(events.append))
    assert stopped.value.args == (Home.default().cache,)
    assert events[-1].message == "half of 40 images read"
    assert events[-2].message == "listing the images"
    assert events[-1].fraction > events[-2].fraction
