"""A showdown: ratios of every pair, outputs compared with the first row's, and why two rows are not comparable."""

from collections import Counter
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from engine.analyses import showdown as module
from engine.analyses.showdown import showdown
from engine.errors import LimitError, RequestError, RunError, TargetError
from engine.measure import calls, latency
from engine.measure.calls import Calls
from engine.measure.latency import RoundTiming
from engine.results import Showdown
from engine.settings import FileModel, ImagesData, SampleData, ShowdownRequest, Target, VariantFile
from engine.store.folders import JobFolder
from engine.store.progress import Progress
from tests.models.small import Shape, small_classifier

ONNXRUNTIME = Target(threads=1)
OPENVINO = Target(runtime="openvino", precision="f32", threads=1)
GRAY = {"size": (16, 16), "mean": (0.5,), "std": (0.25,)}


@pytest.fixture
def made(tmp_path):
    """Writes a small classifier, and names it as a row does."""

    def write(name: str, image=("batch", 3, 16, 16), logits=("batch", 5), change=None, **values) -> VariantFile:
        proto = small_classifier(Shape(image=image, logits=logits))
        if change is not None:
            change(proto)
        onnx.save(proto, tmp_path / name)
        return VariantFile.parse({"model": FileModel(path=str(tmp_path / name)), "label": name, **values})

    return write


@pytest.fixture
def folder(home, tmp_path) -> JobFolder:
    folder = JobFolder(tmp_path / "job")
    folder.work.mkdir(parents=True)
    return folder


@pytest.fixture
def asked(folder, monkeypatch):
    """Asks for a showdown of (file, target) rows; nobody else has the cores, as far as it knows."""
    monkeypatch.setattr(module, "watched", lambda threads: nullcontext([]))

    def ask(*rows, **values) -> Showdown:
        entries = [{"file": file, "target": target} for file, target in rows]
        request = ShowdownRequest.parse({"rows": entries, "rounds": 3, **values})
        return showdown(request, folder, Progress(folder))

    return ask


def scaled(factor: float):
    """A change that multiplies every logit."""

    def change(proto) -> None:
        for weight in proto.graph.initializer:
            if weight.name == "fc.weight":
                array = numpy_helper.to_array(weight) * factor
                weight.CopyFrom(numpy_helper.from_array(array.astype("float32"), weight.name))

    return change


def renamed(proto) -> None:
    """A change that gives the output another name, as another exporter would."""
    proto.graph.node[-1].output[0] = proto.graph.output[0].name = "scores"


def test_a_file_at_two_targets_and_another_file_are_timed_and_compared(asked, made):
    own = made("own.onnx")
    found = asked((own, ONNXRUNTIME), (own, OPENVINO), (made("other.onnx", change=scaled(1.01)), ONNXRUNTIME))
    first, in_openvino, other = found.rows
    assert [row.latency.ratio_to_baseline > 0 for row in found.rows] == [True] * 3
    assert (first.latency.ratio_to_baseline, first.fidelity) == (1, None)
    assert (in_openvino.latency.runtime, in_openvino.precision) == ("openvino", "f32")
    assert in_openvino.fidelity.sqnr_db is None or in_openvino.fidelity.sqnr_db > 80
    assert other.fidelity.sqnr_db == pytest.approx(40, abs=0.1)  # an error of a hundredth
    assert {(pair.row, pair.reference) for pair in found.pairs} == {
        (a, b) for a in range(3) for b in range(3) if a != b
    }
    assert (found.n_examples > 30, found.on_images) == (True, False)
    assert Showdown.model_validate_json(found.model_dump_json()) == found


def test_when_the_time_is_up_the_rounds_so_far_count_and_a_warning_says_so(asked, made):
    own = made("own.onnx")
    found = asked((own, ONNXRUNTIME), (own, OPENVINO), rounds=20, minutes=1e-9)
    assert (found.n_rounds, len(found.rows)) == (3, 2)
    (warning,) = [note for note in found.warnings if note.code == "out_of_time"]
    assert warning.text == "The 1e-09 minutes were up after 3 of 20 rounds: more minutes tell more"
    assert "out_of_time" not in [note.code for note in asked((own, ONNXRUNTIME), (own, OPENVINO)).warnings]


def test_outputs_are_compared_on_the_images_of_the_run_where_there_are_any(asked, made):
    own = made("own.onnx", image=("batch", 1, 16, 16), preprocess=GRAY)
    found = asked((own, ONNXRUNTIME), (own, OPENVINO), data=SampleData())
    assert (found.on_images, found.n_examples, found.warnings) == (True, 64, ())


def test_images_that_are_gone_are_told_and_random_inputs_take_their_place(asked, made, tmp_path):
    own = made("own.onnx")
    found = asked((own, ONNXRUNTIME), (own, OPENVINO), data=ImagesData(path=str(tmp_path / "gone")))
    assert not found.on_images
    assert found.warnings[0].text.startswith("The outputs were compared on random inputs, since the images could not")


def test_outputs_of_other_names_are_compared_by_their_order(asked, made):
    found = asked((made("own.onnx"), ONNXRUNTIME), (made("other.onnx", change=renamed), ONNXRUNTIME))
    assert found.rows[1].fidelity.sqnr_db is None  # the same outputs


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"image": ("batch", 3, 24, 24)}, "'other' takes images of 3x24x24 and 'own' images of 3x16x16"),
        ({"image": ("batch", 1, 16, 16)}, "'other' takes images of 1x16x16 and 'own' images of 3x16x16"),
        ({"change": "fewer"}, "'other' answers with 4 values and 'own' with 5 values"),
    ],
)
def test_why_two_rows_are_not_comparable_is_said(asked, made, other, message):
    def fewer(proto) -> None:
        proto.graph.node[-1].output[0] = "all"
        for name, values in (("from", [0]), ("to", [4]), ("axis", [1])):
            array = np.array(values, "int64")
            proto.graph.initializer.append(numpy_helper.from_array(array, name))
        proto.graph.node.append(helper.make_node("Slice", ["all", "from", "to", "axis"], ["logits"]))
        proto.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 4

    change = fewer if other.get("change") == "fewer" else None
    odd = made("other.onnx", **{**other, "change": change})
    rows = ((made("own.onnx").model_copy(update={"label": "own"}), ONNXRUNTIME),)
    with pytest.raises(RequestError, match=f"^{message}: they are not comparable"):
        asked(*rows, (odd.model_copy(update={"label": "other"}), ONNXRUNTIME))


def test_images_that_are_prepared_otherwise_are_told(asked, made):
    gray = {"image": ("batch", 1, 16, 16)}
    own = made("own.onnx", **gray, preprocess=GRAY)
    other = made("other.onnx", **gray, preprocess=GRAY | {"mean": (0.0,)})
    found = asked((own, ONNXRUNTIME), (other, ONNXRUNTIME))
    assert [note.code for note in found.warnings] == ["prepared_otherwise"]


def test_a_file_of_a_fixed_batch_is_refused_at_another(asked, made):
    fixed = made("fixed.onnx", image=(1, 3, 16, 16), logits=(1, 5))
    target = ONNXRUNTIME.model_copy(update={"batch_size": 2})
    with pytest.raises(TargetError, match="batch size is fixed to 1, and the target's is 2"):
        asked((made("own.onnx"), target), (fixed, target))


@pytest.fixture
def turns(monkeypatch):
    """Turns are not timed: a call takes as many ms as its file's name says; errors and waits are set by a test.

    `errors` has what is raised in the turn of this number of a file, the trial being number 0; of the files in
    `disturbed` no call counts.
    """
    monkeypatch.setattr(calls, "TOLERANCE", 0.02)
    monkeypatch.setattr(latency, "wait_for_quiet", lambda threads, seconds: None)
    monkeypatch.setattr(module, "SAVING_SHARE", 1.0)
    done: Counter[str] = Counter()
    real = module.trial_call

    def turn(model, target, inputs):
        name = model.path.stem
        done[name] += 1
        if (name, done[name]) in turn.errors:
            raise turn.errors[name, done[name]]
        ms = np.full(10, float(name))
        return RoundTiming(Calls(ms, ms, np.zeros(10, int), ms / 2 * (name in turn.disturbed)), 1, {})

    def trial(model, target, inputs):
        if (model.path.stem, 0) in turn.errors:
            raise turn.errors[model.path.stem, 0]
        real(model, target, inputs)

    turn.errors, turn.disturbed = {}, set()
    monkeypatch.setattr(latency, "_time_model", turn)
    monkeypatch.setattr(module, "trial_call", trial)
    return turn


@pytest.fixture
def three(made):
    """Rows of three files, whose calls take 4, 5 and 3 ms."""
    return [(made(f"{ms}.onnx"), ONNXRUNTIME) for ms in (4, 5, 3)]


def test_where_the_first_rows_calls_were_disturbed_the_others_keep_their_figures(asked, three, turns):
    turns.disturbed = {"4"}
    found = asked(*three)
    first, second, third = found.rows
    assert (first.latency, first.throughput, first.estimate.speedup) == (None, None, 1)
    assert [row.latency.p50_ms for row in (second, third)] == pytest.approx([5.0, 3.0])
    assert third.throughput.images_per_s == pytest.approx(1000 / 3)
    assert (second.beside_first, third.beside_first) == (None, None)
    assert third.estimate.ratio_to_baseline == pytest.approx(0.75)
    assert (found.reference, found.pair(2, 1).verdict, found.pair(2, 0)) == (1, "faster", None)
    lost, unpaired = (note.text for note in found.warnings)
    assert lost.startswith("The speed of 1 of 3 files was not measured")
    assert unpaired.startswith("2 rows (2, 3) cannot be compared with row 1 by measurement")
    assert Showdown.model_validate_json(found.model_dump_json()) == found


def test_where_another_row_was_disturbed_that_one_alone_has_no_figure(asked, three, turns):
    turns.disturbed = {"5"}
    found = asked(*three)
    assert [row.beside_first and row.beside_first.p50_ms for row in found.rows] == pytest.approx([4.0, None, 3.0])
    assert (found.reference, found.rows[1].latency, found.pair(2, 0).verdict) == (0, None, "faster")
    assert [note.text.split(" was")[0] for note in found.warnings] == ["The speed of 1 of 3 files"]


BROKEN, FULL = RunError("the operator is not known"), LimitError("the job ran out of memory", code="memory")


@pytest.mark.parametrize("number", [0, 2], ids=["in its trial", "in a round"])
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (BROKEN, "the operator is not known"),
        (FULL, "there was not enough memory for 1 image a call. Choose a smaller batch"),
        (MemoryError(), "there was not enough memory for 1 image a call. Choose a smaller batch"),
    ],
)
def test_a_row_that_does_not_run_is_left_out_and_the_first_one_must(asked, three, turns, number, error, reason):
    turns.errors["5", number] = error
    found = asked(*three)
    assert found.rows[1].note.text == f"Its latency was not measured: {reason}"
    assert (found.rows[1].latency, found.rows[1].estimate) == (None, None)
    assert [pair.row for pair in found.pairs] == [0, 2]
    assert (found.n_rounds, found.rows[2].latency.p50_ms) == (3, pytest.approx(3.0))
    turns.errors["4", number + 3 * (number > 0)] = error
    with pytest.raises(RunError, match="the first row, which all others are compared with, does not run"):
        asked(*three)


def test_another_limit_than_that_of_memory_ends_it(asked, three, turns):
    turns.errors["5", 2] = LimitError("the disk is full", code="disk_full")
    with pytest.raises(LimitError, match="the disk is full"):
        asked(*three)


def test_a_stop_keeps_the_rounds_that_were_timed(asked, three, turns, folder):
    turns.errors["5", 6] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        asked(*three, rounds=9)
    so_far = folder.result(Showdown)
    assert (so_far.complete, so_far.n_rounds, so_far.rounds_text) == (False, 5, "5 of 9 rounds")
    assert so_far.pair(2, 0).verdict == "faster"
    assert asked(*three).complete


def test_a_stop_before_the_third_round_keeps_nothing(asked, three, turns, folder):
    turns.errors["5", 3] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        asked(*three)
    assert folder.result(Showdown) is None


def test_writing_what_there_is_takes_a_small_share_of_the_rounds_time(asked, three, turns, folder, monkeypatch):
    """Each round takes a second and each writing of many pairs takes two: not every round can be followed by one."""
    clock, written = [0.0], []
    monkeypatch.setattr(module, "SAVING_SHARE", 0.25)
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])

    def write(name, value):
        written.append(value.n_rounds)
        clock[0] += 2

    monkeypatch.setattr(JobFolder, "write", lambda self, name, value: write(name, value))
    save = module._saver(
        folder, SimpleNamespace(of=lambda timings, *rest, **state: SimpleNamespace(n_rounds=len(timings["0"])))
    )
    for number in range(1, 20):
        clock[0] += 1
        save({"0": [None] * number})
    assert written == [3, 9, 15]
