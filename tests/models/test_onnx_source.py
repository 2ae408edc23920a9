"""Files as they come, rewritten so that every step can take them: nothing else is computed."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from engine.errors import SourceError
from engine.models.onnx_source import load_file
from engine.runtimes import open_session
from engine.settings import FileModel, Target
from tests.models.small import Shape, small_classifier

IMAGES = np.random.default_rng(0).standard_normal((2, 3, 8, 8)).astype(np.float32)


@pytest.fixture
def loaded(tmp_path):
    """Reads the file as a run does, into a folder of its own."""
    folder = tmp_path / "work"
    folder.mkdir()

    def load(path, **settings):
        return load_file(FileModel(path=str(path), **settings), None, folder)

    return load


def logits(model, images=IMAGES):
    target = Target(threads=1)
    with open_session(model.path, target, output_names=model.output_names) as session:
        return model.read(session(images), len(images)).main


def rewritten(model):
    return [note.text for note in model.warnings if note.code == "rewritten"]


def test_a_plain_file_is_read_where_it_is(saved, loaded):
    path = saved(small_classifier())
    model = loaded(path)
    assert model.path == path
    assert not rewritten(model)


@pytest.mark.parametrize("ir", [3, 9])
def test_weights_among_the_inputs_become_constants(ir, saved, loaded):
    proto = small_classifier(ir=ir)
    proto.graph.input.extend(
        helper.make_tensor_value_info(one.name, one.data_type, list(one.dims)) for one in proto.graph.initializer
    )
    model = loaded(saved(proto))
    result = onnx.load(model.path)
    onnx.checker.check_model(result)
    assert [value.name for value in result.graph.input] == ["image"]
    assert result.ir_version == max(ir, 4)
    assert "3 tensors of weights" in rewritten(model)[0]
    assert np.array_equal(logits(model), logits(loaded(saved(small_classifier(), "plain.onnx"))))


def test_nodes_of_one_name_get_names_of_their_own(saved, loaded):
    proto = small_classifier()
    for node in proto.graph.node:
        node.name = "layer"
    model = loaded(saved(proto))
    assert len({node.name for node in onnx.load(model.path).graph.node}) == 4
    assert "got one" in rewritten(model)[0]


def baked(front, shape=(None, 5)):
    proto = small_classifier(Shape(logits=shape))
    del proto.graph.node[2:]
    proto.graph.node.extend([*front, helper.make_node("Gemm", ["flat", "fc.weight", "fc.bias"], ["logits"])])
    proto.graph.initializer.append(numpy_helper.from_array(np.array([1, 4]), "one"))
    return proto


@pytest.mark.parametrize("front", [
    [helper.make_node("Reshape", ["pooled", "one"], ["flat"])],
    [helper.make_node("Flatten", ["pooled"], ["four"]), helper.make_node("Constant", [], ["zero"], value_ints=[0]),
     helper.make_node("Gather", ["four", "zero"], ["flat"])],
])  # fmt: skip
def test_a_free_batch_that_is_baked_in_becomes_a_batch_of_one(front, saved, loaded):
    model = loaded(saved(baked(front)))
    assert model.batch == 1
    assert onnx.load(model.path).graph.input[0].type.tensor_type.shape.dim[0].dim_value == 1
    assert "its batch is 1" in rewritten(model)[0]
    assert logits(model, IMAGES[:1]).shape == (1, 5)


def test_a_batch_that_shapes_do_not_tell_is_tried(saved, loaded):
    """A shape that depends on values: inference does not know its rows."""
    rows = [
        helper.make_node("ReduceMax", ["pooled"], ["largest"], keepdims=0),
        helper.make_node("Greater", ["largest", "largest"], ["never"]),
        helper.make_node("Cast", ["never"], ["nought"], to=TensorProto.INT64),
        helper.make_node("Add", ["one", "nought"], ["target"]),
        helper.make_node("Reshape", ["pooled", "target"], ["flat"]),
    ]
    assert loaded(saved(baked(rows))).batch == 1
    proto = baked(rows)
    proto.graph.initializer[-1].CopyFrom(numpy_helper.from_array(np.array([-1, 4]), "one"))
    assert loaded(saved(proto)).batch is None


def test_the_chosen_output_stays_chosen_in_the_file(saved, loaded):
    flat = helper.make_tensor_value_info("flat", TensorProto.FLOAT, ("batch", 4))
    path = saved(small_classifier(outputs=[flat]))
    model = loaded(path, output="flat")
    assert model.output_name == "flat"
    assert loaded(model.path).output_name == "flat"
    with pytest.raises(SourceError, match="2 outputs"):
        loaded(path)


def test_another_file_than_the_recipe_names_is_refused(saved, loaded):
    with pytest.raises(SourceError, match="by its SHA-256"):
        loaded(saved(small_classifier()), sha256="0" * 64)
