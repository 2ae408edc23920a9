"""Inputs and outputs of image classifiers as people have them, and what a session makes of them."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from engine.errors import RunError, SourceError
from engine.models.graph import read_onnx
from engine.runtimes import open_session
from engine.settings import Preprocess, Target
from tests.models.small import Shape, small_classifier

RGB = Preprocess(size=(8, 8), mean=(0.1, 0.2, 0.3), std=(0.4, 0.5, 0.6))
PIXELS = Preprocess(size=(8, 8), mean=(0.0,) * 3, std=(1.0,) * 3, scale=1.0)
FREE = ("batch_size", "num_channels", "height", "width")
IMAGES = np.random.default_rng(0).uniform(0, 255, (3, 3, 8, 8)).astype(np.float32)


def logits(model, images=IMAGES):
    target = Target(threads=1)
    with open_session(model.path, target, output_names=model.output_names) as session:
        return model.read(session(images), len(images)).main


def with_front(nodes, kind, shape):
    """The small classifier behind these nodes, which make the value `image` of the input `given`."""
    proto = small_classifier()
    own = list(proto.graph.node)
    del proto.graph.node[:]
    proto.graph.node.extend([*nodes, *own])
    proto.graph.input[0].CopyFrom(helper.make_tensor_value_info("given", kind, shape))
    return proto


def with_output(nodes, shape, *weights):
    """The small classifier with one output, `scores`, that these nodes make."""
    proto = small_classifier()
    proto.graph.node.extend(nodes)
    proto.graph.initializer.extend(weights)
    proto.graph.output[0].CopyFrom(helper.make_tensor_value_info("scores", TensorProto.FLOAT, shape))
    return proto


def test_free_axes_are_settled_by_the_first_convolution_and_the_preprocessing(saved):
    halved = [
        helper.make_node("Constant", [], ["half"], value_float=0.5),
        helper.make_node("Mul", ["given", "half"], ["image"]),
    ]
    model = read_onnx(saved(with_front(halved, TensorProto.FLOAT, FREE)), RGB)
    assert (model.input_shape, model.batch) == ((3, 8, 8), None)
    gray = Preprocess(size=(8, 8), mean=(0.5,), std=(0.5,))
    with pytest.raises(SourceError, match="takes 3 channels, and the preprocessing has 1 mean"):
        read_onnx(saved(with_front(halved, TensorProto.FLOAT, FREE)), gray)


def test_free_channels_that_no_convolution_tells_are_those_of_the_preprocessing(saved):
    front = [helper.make_node("Transpose", ["given"], ["image"], perm=[0, 1, 3, 2])]
    path = saved(with_front(front, TensorProto.FLOAT, ("batch", "channels", 8, 8)))
    assert read_onnx(path, RGB).input_shape == (3, 8, 8)
    with pytest.raises(SourceError, match="number of channels of the input 'given' cannot be told"):
        read_onnx(path)


@pytest.mark.parametrize("free", [-1, 0])
def test_a_free_batch_and_size_may_be_written_as_a_number(free, saved):
    model = read_onnx(saved(small_classifier(Shape(image=(free, 3, free, free), logits=(free, 5)))), RGB)
    assert (model.batch, model.input_shape, model.macs) == (None, (3, 8, 8), 6 * 6 * 4 * 27 + 20)


@pytest.mark.parametrize(("nodes", "kind", "shape", "layout"), [
    ([helper.make_node("Transpose", ["given"], ["image"], perm=[0, 3, 1, 2])], TensorProto.FLOAT, (None, 8, 8, 3),
     "nhwc"),
    ([helper.make_node("Cast", ["given"], ["image"], to=TensorProto.FLOAT)], TensorProto.DOUBLE, (None, 3, 8, 8),
     "nchw"),
    ([helper.make_node("Cast", ["given"], ["image"], to=TensorProto.FLOAT)], TensorProto.UINT8, (None, 3, 8, 8),
     "nchw"),
    ([helper.make_node("Cast", ["given"], ["cast"], to=TensorProto.FLOAT),
      helper.make_node("Transpose", ["cast"], ["image"], perm=[0, 3, 1, 2])], TensorProto.UINT8, (None, 8, 8, 3),
     "nhwc"),
])  # fmt: skip
def test_other_layouts_and_numbers_are_fed_as_the_graph_wants_them(nodes, kind, shape, layout, saved):
    plain = read_onnx(saved(small_classifier(), "plain.onnx"))
    model = read_onnx(saved(with_front(nodes, kind, shape)), PIXELS)
    assert (model.layout, model.input_shape, model.macs) == (layout, (3, 8, 8), plain.macs)
    images = np.rint(IMAGES) if model.input_kind == "uint8" else IMAGES
    assert np.allclose(logits(model), logits(plain, images), rtol=1e-5)


def test_bytes_are_pixels_that_nothing_else_prepares(saved):
    cast = [helper.make_node("Cast", ["given"], ["image"], to=TensorProto.FLOAT)]
    path = saved(with_front(cast, TensorProto.UINT8, (None, 3, 8, 8)))
    model = read_onnx(path)
    assert (model.input_kind, model.preprocess.scale, model.preprocess.mean) == ("uint8", 1.0, (0.0,) * 3)
    assert "takes bytes" in model.warnings[0].text
    with pytest.raises(SourceError, match="pixels from 0 to 255"):
        read_onnx(path, RGB)


@pytest.mark.parametrize("shape", [("batch", 5, 1, 1), ("batch", 1, 5)])
def test_scores_with_axes_of_one_are_read_as_a_list(shape, saved):
    target = numpy_helper.from_array(np.array([0, *shape[1:]]), "target")
    proto = with_output([helper.make_node("Reshape", ["logits", "target"], ["scores"])], shape, target)
    model = read_onnx(saved(proto))
    assert (model.output_name, model.n_outputs) == ("scores", 5)
    assert np.array_equal(logits(model), logits(read_onnx(saved(small_classifier(), "plain.onnx"))))


def test_a_list_of_scores_comes_before_one_with_axes_of_one(saved):
    pooled = helper.make_tensor_value_info("pooled", TensorProto.FLOAT, ("batch", 4, 1, 1))
    assert read_onnx(saved(small_classifier(outputs=[pooled]))).output_name == "logits"


def test_of_two_lists_of_scores_one_must_be_named(saved):
    path = saved(small_classifier(outputs=[helper.make_tensor_value_info("flat", TensorProto.FLOAT, ("batch", 4))]))
    with pytest.raises(SourceError, match=r"2 outputs .* 'flat'") as caught:
        read_onnx(path)
    assert caught.value.next == (
        "Say which it is, probably 'logits' (model.output), or compare all outputs with the baseline's "
        "(model.task: tensors)"
    )
    with pytest.raises(SourceError) as caught:
        read_onnx(path, classes=tuple("abcd"))
    assert "probably 'flat'" in caught.value.next
    assert read_onnx(path, output="flat").n_outputs == 4
    assert read_onnx(path, output="flat").key != read_onnx(path, output="logits").key
    with pytest.raises(SourceError, match=r"'nothing' is none of the model's .its outputs: 'logits'"):
        read_onnx(path, output="nothing")


def test_an_answer_with_other_rows_than_images_is_an_error(saved):
    bounds = [numpy_helper.from_array(np.array([value]), name) for name, value in (("from", 0), ("to", 1))]
    model = read_onnx(saved(with_output([helper.make_node("Slice", ["logits", "from", "to", "from"], ["scores"])],
                                        ("batch", 5), *bounds)))  # fmt: skip
    with pytest.raises(RunError, match="answers 3 images with 1 rows"):
        logits(model)
    assert logits(model, IMAGES[:1]).shape == (1, 5)


def test_the_same_images_give_the_same_answer_again(saved):
    path = saved(small_classifier(Shape(kind=TensorProto.FLOAT)))
    model = read_onnx(path)
    with open_session(path, Target(threads=1), output_names=["logits"]) as session:
        first, again, other = (session(images)["logits"] for images in (IMAGES, IMAGES, IMAGES[:2]))
    assert np.array_equal(first, again)
    assert np.allclose(other, first[:2])
    assert onnx.load(model.path).graph.input[0].name == "image"
