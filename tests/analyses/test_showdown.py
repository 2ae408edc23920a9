"""A showdown: ratios of every pair, outputs compared with the first row's, and why two rows are not comparable."""

from contextlib import nullcontext

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from engine.analyses import showdown as module
from engine.analyses.showdown import showdown
from engine.errors import RequestError, RunError, TargetError
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
def asked(home, tmp_path, monkeypatch):
    """Asks for a showdown of (file, target) rows; nobody else has the cores, as far as it knows."""
    monkeypatch.setattr(module, "watched", lambda threads: nullcontext([]))
    folder = JobFolder(tmp_path / "job")
    folder.work.mkdir(parents=True)

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


def test_a_row_that_does_not_run_is_noted_and_the_first_one_must(asked, made, monkeypatch):
    def broken(number: str):
        def trial(models, target, inputs, targets=None):
            return {number: RunError("the operator is not known")}

        return trial

    rows = ((made("own.onnx"), ONNXRUNTIME), (made("other.onnx", change=scaled(2.0)), ONNXRUNTIME))
    monkeypatch.setattr(module, "trial_calls", broken("1"))
    found = asked(*rows)
    assert found.rows[1].note.text == "Its latency was not measured: the operator is not known"
    assert (found.rows[1].latency, found.pairs) == (None, ())
    monkeypatch.setattr(module, "trial_calls", broken("0"))
    with pytest.raises(RunError, match="the first row, which all others are compared with, does not run"):
        asked(*rows)
