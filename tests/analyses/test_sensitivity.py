"""What each group of layers means: a point a ratio, no training, the network itself untouched."""

from types import SimpleNamespace

import pytest
from pydantic import ValidationError

from engine import charts
from engine.analyses import sensitivity as module
from engine.analyses.sensitivity import sensitivity
from engine.errors import SourceError
from engine.results import LayerSensitivity, Sensitivity, SensitivityPoint
from engine.settings import FileModel, SampleData, SampleModel, SensitivityRequest
from engine.store.folders import JobFolder
from engine.store.progress import Progress
from tests.models.small import small_classifier

pytestmark = pytest.mark.usefixtures("home")


def run(tmp_path, events, model=SampleModel(), **asked):  # noqa: B008 (frozen)
    request = SensitivityRequest(model=model, data=SampleData(), **asked)
    return sensitivity(request, JobFolder(tmp_path / "job"), Progress(events.append))


def test_the_more_goes_the_less_is_right(tmp_path):
    events = []
    found = run(tmp_path, events, ratios=(0.3, 0.9))
    assert found.top1 > 0.97
    assert (found.n_images, found.labelled) == (128, True)
    assert len(found.layers) == len({one.layer for one in found.layers}) == 10
    gentle, harsh = (sum(one.points[place].top1 for one in found.layers) for place in (0, -1))
    assert gentle > harsh
    assert all(one.points[-1].ratio > 0.8 for one in found.layers if one.channels > 64)
    fractions = [event.fraction for event in events]
    assert fractions == sorted(fractions)
    assert Sensitivity.model_validate_json((tmp_path / "job" / "result.json").read_bytes()) == found


def test_it_ends_with_its_minutes_and_says_how_far_it_came(tmp_path):
    found = run(tmp_path, [], minutes=1e-9)
    assert found.layers == ()
    assert [note.code for note in found.warnings] == ["out_of_time"]
    assert "after 0 of 10 layer groups" in found.warnings[0].text
    assert not found.complete


def test_asked_again_it_goes_on_with_the_groups_that_were_left(tmp_path, monkeypatch):
    looked_at = []

    def prune_group(model, example, name, ratio):
        looked_at.append(name)
        clock.time += 1.0

    clock = SimpleNamespace(time=0.0)
    monkeypatch.setattr(module, "prune_group", prune_group)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.time))
    first = run(tmp_path, [], ratios=(0.5,), minutes=4 / 60)
    assert (first.complete, len(first.layers)) == (False, 4)
    again = run(tmp_path, [], ratios=(0.5,), minutes=10)
    assert (again.complete, len(again.layers)) == (True, 10)
    assert len(looked_at) == len(set(looked_at)) == 10
    run(tmp_path, [], ratios=(0.7,), minutes=10)
    assert len(looked_at) == 20  # another question


def test_what_is_refused(tmp_path):
    path = tmp_path / "mine.onnx"
    path.write_bytes(small_classifier().SerializeToString())
    with pytest.raises(SourceError, match="sensitivity prunes a torch model"):
        run(tmp_path, [], FileModel(path=str(path)))
    with pytest.raises(ValidationError):
        SensitivityRequest(model=SampleModel(), data=SampleData(), ratios=(1.0,))


def test_the_chart_draws_the_most_sensitive_and_says_so():
    layers = tuple(
        LayerSensitivity(layer=f"layer<{n}>", channels=8, points=(SensitivityPoint(ratio=0.5, top1=n / 100),))
        for n in range(20)
    )
    whole = LayerSensitivity(layer="whole", channels=8, points=())
    figure = charts.sensitivity(Sensitivity(layers=(*layers, whole), top1=0.99, labelled=True, n_images=64))
    assert len(figure.data) == 12
    assert list(figure.data[0].x) == [0, 50]
    assert list(figure.data[0].y) == [99, 0]
    assert figure.data[0].name == "layer&lt;0&gt;"
    assert "the 12 most sensitive of 20 groups" in charts.alt_text(figure)
    assert "layer<0> down to 0.0 %" in charts.alt_text(figure)
