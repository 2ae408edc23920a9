"""Files by NNCF in a race: where it is installed, at the targets that it is made for. A stand-in does its work."""

import sys
from types import SimpleNamespace

import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from engine.errors import SettingsError, StepError
from engine.measure.latency import PairedLatency
from engine.models.graph import is_quantized, load_proto
from engine.runtimes import RaceTarget
from engine.search import other_targets
from engine.search.context import RaceContext
from engine.search.race import race
from engine.settings import Budget, QuantizeAuto, QuantizeStatic, Target
from engine.techniques.quantize import has_nncf, quantize_static
from tests.made import made_latency
from tests.made_contexts import made_context
from tests.search.spoilt import spoilt_graph
from tests.techniques.given import given

OPENVINO = Target(runtime="openvino", precision="f32", threads=1)
BY_NNCF = QuantizeStatic(method="static", calibration_images=8, quantizer="nncf")


@pytest.fixture
def nncf(monkeypatch):
    """In place of NNCF a module that quantizes the input alone, and keeps what it was given."""
    seen = SimpleNamespace(calls=[])

    def quantize(proto, dataset, **settings):
        seen.calls.append((dataset, settings))
        made = onnx.ModelProto()
        made.CopyFrom(proto)
        scale, zero = (numpy_helper.from_array(value, name) for name, value in (("s", SCALE), ("z", ZERO)))
        made.graph.initializer.extend([scale, zero])
        for node in made.graph.node:
            node.input[:] = ["rounded" if name == "image" else name for name in node.input]
        made.graph.node.insert(0, helper.make_node("DequantizeLinear", ["bytes", "s", "z"], ["rounded"], name="dq"))
        made.graph.node.insert(0, helper.make_node("QuantizeLinear", ["image", "s", "z"], ["bytes"], name="q"))
        return made

    module = SimpleNamespace(
        __version__="3.4.0",
        Dataset=lambda batches: batches,
        ModelType=SimpleNamespace(TRANSFORMER="transformer"),
        QuantizationPreset=SimpleNamespace(MIXED="mixed"),
        quantize=quantize,
    )
    monkeypatch.setitem(sys.modules, "nncf", module)
    monkeypatch.setattr(other_targets, "has_nncf", lambda: True)
    return seen


SCALE = numpy_helper.to_array(helper.make_tensor("s", TensorProto.FLOAT, [], [0.05]))
ZERO = numpy_helper.to_array(helper.make_tensor("z", TensorProto.UINT8, [], [128]))


def test_the_file_is_nncfs_with_the_images_of_the_calibration_split(nncf, tmp_path):
    model, bare = given(spoilt_graph(), tmp_path)
    outcome = quantize_static(model, BY_NNCF, bare)
    ((batches, settings),) = nncf.calls
    assert (len(batches), batches[0]["image"].shape) == (8, (1, 3, 8, 8))
    assert settings == {"preset": "mixed", "subset_size": 8}
    assert is_quantized(node.op_type for node in load_proto(outcome.onnx.path).graph.node)
    assert "NNCF 3.4.0 with its mixed preset" in outcome.notes[0].text
    quantize_static(model, BY_NNCF.model_copy(update={"quantizer": "nncf_transformer"}), bare)
    assert nncf.calls[1][1]["model_type"] == "transformer"


def test_without_nncf_the_step_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "nncf", None)
    model, bare = given(spoilt_graph(), tmp_path)
    with pytest.raises(StepError, match=r"NNCF cannot be loaded: .*Install it \(pip install"):
        quantize_static(model, BY_NNCF, bare)


def test_what_nncf_does_not_take_is_refused_by_name():
    with pytest.raises(SettingsError, match="'per_channel' is False, which NNCF does not take; leave it out, or set"):
        QuantizeStatic.parse({"method": "static", "quantizer": "nncf", "per_channel": False})


@pytest.fixture
def names(tmp_path, monkeypatch):
    """The names of the candidates of a race, where what NNCF makes is fastest."""

    def run(*targets):
        def measure(models, *args, **more):
            return {key: PairedLatency(made_latency(1.0, 0.5), None) for key in models}

        monkeypatch.setattr("engine.measure.timing.measure_latency", measure)
        model, bare = given(spoilt_graph(), tmp_path)
        rows = tuple(RaceTarget(one.runtime, one, number == 0) for number, one in enumerate(targets))
        context = made_context(
            RaceContext,
            bare.data,
            bare.folder,
            target=targets[0],
            race_targets=rows if len(rows) > 1 else (),
            budget=Budget(max_accuracy_drop=None),
        )
        settings = QuantizeAuto(calibration_images=16, mixed_precision=False, escalate=False)
        return [one.trial.name for one in race(model, settings, context).search.candidates if "NNCF" in one.trial.name]

    return run


def test_it_races_where_openvino_does_and_is_never_refined(nncf, names):
    assert names(Target(threads=1), OPENVINO) == ["Static INT8 by NNCF, openvino", "Static INT8 by NNCF, onnxruntime"]


def test_it_takes_no_part_without_openvino_or_where_it_is_not_installed(nncf, names, monkeypatch):
    assert names(Target(threads=1)) == []
    monkeypatch.setattr(other_targets, "has_nncf", lambda: False)
    assert not nncf.calls


def test_whether_it_is_there_is_seen_without_loading_it(monkeypatch):
    monkeypatch.delitem(sys.modules, "nncf", raising=False)
    has_nncf()
    assert "nncf" not in sys.modules
