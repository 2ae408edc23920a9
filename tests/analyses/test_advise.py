"""The advisor through the real machinery, on networks that take milliseconds."""

from contextlib import contextmanager
from dataclasses import dataclass, field

import onnx
import pytest

from engine import catalogue
from engine.analyses import paired_latency
from engine.analyses.advise import advise
from engine.catalogue.shortlist import SHORTLIST
from engine.errors import RunError, TargetError
from engine.results import Advice, Event, Note
from engine.settings import AdviseRequest, FileModel, SampleData, SampleModel, Target, TimmModel
from engine.store.folders import JobFile, JobFolder, now
from engine.store.progress import Progress
from tests.models.small import Shape, small_classifier

NAMES = ("test_resnet", "test_vit")
ASKED = AdviseRequest(model=SampleModel(), target=Target(threads=1), names=NAMES)


@dataclass
class Asked:
    """What an advice was, what it told, and what was exported for it."""

    folder: JobFolder
    events: list[Event] = field(default_factory=list)
    exported: list[str] = field(default_factory=list)


@pytest.fixture
def quiet(monkeypatch):
    """Nobody else has the cores, as far as the advisor knows; a list of warnings to give it when they have."""
    said: list[Note] = []

    @contextmanager
    def watched(threads):
        yield said

    monkeypatch.setattr(paired_latency, "watched", watched)
    monkeypatch.setattr(paired_latency, "N_ROUNDS", 3)
    return said


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """Every export of these tests, made once."""
    return {}


@pytest.fixture
def seen(tmp_path, monkeypatch, files) -> Asked:
    """What the last advice that was asked for came with."""
    seen, real = Asked(JobFolder(tmp_path / "job", tmp_path / "request.json")), paired_latency.export_onnx

    def export(model, path):
        seen.exported.append(model.architecture)
        if model.key not in files:
            real(model, path)
            files[model.key] = path.read_bytes()
        path.write_bytes(files[model.key])

    monkeypatch.setattr(paired_latency, "export_onnx", export)
    return seen


@pytest.fixture
def ask(home, quiet, seen):
    """Asks for advice in a folder of its own."""

    def asked(request: AdviseRequest = ASKED) -> Advice:
        seen.events.clear()
        seen.exported.clear()
        seen.folder.path.mkdir(exist_ok=True)
        job = JobFile(id="a" * 12, kind="advise", name="advise", created=now(), request=request)
        seen.folder.write_request(job)
        return advise(request, seen.folder, Progress(seen.events.append))

    return asked


def test_every_architecture_is_timed_beside_the_model_and_the_second_time_nothing_is_exported(ask, seen):
    first = ask()
    assert [one.name for one in first.architectures] == list(NAMES)
    assert all(
        one.latency.ratio_low <= one.latency.ratio_to_baseline <= one.latency.ratio_high for one in first.measured
    )
    assert len(first.measured) == 2
    assert first.complete
    assert first.own.lowest_ms <= first.own.p50_ms <= first.own.highest_ms
    assert first.own.input_shape == (1, 64, 64)
    assert (first.own.published.tag, first.own.accuracy) == ("c3_in1k", None)
    assert first.front == ()  # nothing is published for timm's test networks
    assert seen.exported == ["test_resnet", "resnet10t", "test_vit"]
    assert [event.fraction for event in seen.events] == sorted(event.fraction for event in seen.events)
    assert Advice.model_validate_json(first.model_dump_json()) == first
    again = ask()
    assert (again, seen.exported) == (first, [])


def test_another_target_is_timed_anew_with_the_same_files(ask, seen):
    first = ask()
    other = ask(ASKED.model_copy(update={"target": Target(threads=1, batch_size=2)}))
    assert seen.exported == []
    assert other.measured[0].latency.batch_size == 2
    assert other.measured != first.measured


def test_what_was_measured_is_there_before_the_end_and_survives_it(ask, seen, monkeypatch):
    timed = []

    def interrupted(*given, real=paired_latency.measure_latency, **more):
        if timed:
            raise KeyboardInterrupt
        timed.append(1)
        return real(*given, **more)

    monkeypatch.setattr(paired_latency, "measure_latency", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ask()
    timed.clear()
    told = ask()
    assert [event.message for event in seen.events if "timing" in event.message] == ["timing test_vit, 2 of 2"]
    assert told.complete


def test_the_folder_has_what_there_is_so_far(ask, seen, monkeypatch):
    def second(self, name, on_progress, real=paired_latency.PairTimer.pair):
        if name == NAMES[1]:
            raise KeyboardInterrupt
        return real(self, name, on_progress)

    monkeypatch.setattr(paired_latency.PairTimer, "pair", second)
    with pytest.raises(KeyboardInterrupt):
        ask()
    so_far = seen.folder.result(Advice)
    assert [one.latency is not None for one in so_far.architectures] == [True, False]
    assert (so_far.complete, so_far.own.p50_ms > 0) == (False, True)


def test_on_a_busy_machine_it_is_told_and_not_kept(ask, seen, quiet):
    quiet.append(Note(code="machine_busy", text="others"))
    first = ask()
    assert [one.busy for one in first.architectures] == [True, True]
    assert [note.code for note in first.warnings] == ["machine_busy"]
    quiet.clear()
    again = ask()
    assert not any(one.busy for one in again.architectures)
    assert [event.message for event in seen.events if "timing" in event.message]


def test_what_cannot_take_the_input_is_listed_with_the_reason_and_not_tried_again(ask, seen, tmp_path):
    path = tmp_path / "wide.onnx"
    onnx.save(small_classifier(Shape(image=("batch", 3, 24, 40))), path)
    request = AdviseRequest(model=FileModel(path=str(path)), names=NAMES, target=Target(threads=1))
    told = ask(request)
    measured, refused = told.architectures
    assert (measured.refused, refused.latency) == (None, None)
    assert "cannot take images of 24x40 px" in refused.refused.text
    again = ask(request)
    assert (again, seen.exported) == (told, [])


def test_what_does_not_run_is_refused_for_now_and_the_others_are_measured(ask, monkeypatch):
    too_large = {NAMES[0]}

    def short_of_memory(files, *given, real=paired_latency.measure_latency, **more):
        if too_large & set(files):
            raise RunError("there is no memory for it")
        return real(files, *given, **more)

    monkeypatch.setattr(paired_latency, "measure_latency", short_of_memory)
    told = ask()
    assert [one.refused and one.refused.text for one in told.architectures] == ["there is no memory for it", None]
    assert told.complete
    too_large.clear()
    assert len(ask().measured) == 2


def test_where_the_users_own_model_does_not_run_it_is_told_and_no_architecture_is_to_blame(ask, monkeypatch):
    def broken(*given, **more):
        raise RunError("this")

    monkeypatch.setattr(paired_latency, "measure_latency", broken)
    monkeypatch.setattr(paired_latency, "open_session", broken)
    with pytest.raises(RunError, match="this"):
        ask()


def test_the_accuracy_of_the_model_stands_beside_where_there_are_labels(ask):
    told = ask(ASKED.model_copy(update={"data": SampleData(), "names": NAMES[:1]}))
    assert told.own.accuracy.n_images == 360
    assert told.own.accuracy.top1 > 0.98


def test_images_of_other_classes_give_no_accuracy_and_say_so(ask):
    model = TimmModel(name="test_resnet", weights="random", num_classes=7, img_size=64)
    told = ask(AdviseRequest(model=model, data=SampleData(), names=NAMES[:1], target=Target(threads=1)))
    assert told.own.accuracy is None
    assert [note.code for note in told.warnings] == ["head_does_not_fit"]


def test_pretrained_weights_are_not_fetched_to_be_timed(ask):
    told = ask(AdviseRequest(model=TimmModel(name="test_vit.r160_in1k"), names=NAMES[:1], target=Target(threads=1)))
    assert told.own.name == "test_vit.r160_in1k"
    assert told.measured


def test_a_file_of_the_users_own_has_no_published_figure(ask, tmp_path):
    path = tmp_path / "mine.onnx"
    onnx.save(small_classifier(Shape(image=("batch", 3, 32, 32))), path)
    told = ask(AdviseRequest(model=FileModel(path=str(path)), names=("lcnet_050",), target=Target(threads=1)))
    assert (told.own.name, told.own.published, told.own.n_outputs) == ("mine.onnx", None, 5)
    assert (told.front, told.faster, told.reason.code) == (("lcnet_050",), (), "own_unknown")


def test_a_file_of_a_fixed_batch_is_refused_at_another(ask, tmp_path):
    path = tmp_path / "mine.onnx"
    onnx.save(small_classifier(Shape(image=(1, 3, 32, 32), logits=(1, 5))), path)
    request = AdviseRequest(model=FileModel(path=str(path)), names=NAMES, target=Target(threads=1, batch_size=2))
    with pytest.raises(TargetError, match="batch size is fixed to 1"):
        ask(request)


def test_when_the_time_is_up_nothing_more_is_begun(ask):
    told = ask(ASKED.model_copy(update={"minutes": 1e-9}))
    assert (told.complete, told.measured) == (False, ())
    assert [note.code for note in told.warnings] == ["out_of_time"]


@pytest.mark.parametrize(("runtime", "notes"), [("any", ["one_runtime", "out_of_time"]), ("openvino", ["out_of_time"])])
def test_of_runtimes_that_race_it_takes_onnxruntime_and_says_so(ask, runtime, notes):
    target = Target(runtime=runtime, threads=1)
    told = ask(ASKED.model_copy(update={"minutes": 1e-9, "target": target}))
    assert told.target.runtime == {"any": "onnxruntime"}.get(runtime, runtime)
    assert [note.code for note in told.warnings] == notes


@pytest.mark.slow
@pytest.mark.parametrize("model", [SampleModel(), TimmModel(name="resnet10t", weights="random", img_size=224)])
def test_the_whole_shortlist_runs(ask, model):
    told = ask(AdviseRequest(model=model, target=Target(threads=1)))
    assert len(told.architectures) == len(SHORTLIST)
    assert [one.name for one in told.architectures if one.latency is None] == []
    assert catalogue.entry(told.front[0]) is not None
