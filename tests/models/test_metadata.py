"""What an ONNX file and the files beside it tell of its images and classes, as other tools write them."""

import json

import pytest
from onnx import TensorProto, helper

from engine.errors import SourceError
from engine.models.graph import read_onnx, write_metadata
from engine.models.metadata import Metadata
from engine.models.metadata_sources import MAX_TEXT, hints_beside, hints_within
from engine.models.onnx_source import load_file
from engine.settings import FileModel, Preprocess
from tests.models.small import Shape, small_classifier

FIVE = ("tench", "goldfish, Carassius auratus", "shark", "ray", "hen")
ULTRALYTICS = {
    "author": "Ultralytics",
    "task": "classify",
    "stride": "1",
    "imgsz": "[8, 8]",
    "names": str(dict(enumerate(FIVE))),
    "args": "{'batch': 1}",
}
PLAIN = Shape()
ANY_SIZE = Shape(image=("batch", 3, "height", "width"))


def with_properties(properties, shape=PLAIN):
    proto = small_classifier(shape)
    for key, value in properties.items():
        proto.metadata_props.add(key=key, value=value)
    return proto


def codes_of(model):
    return [note.code for note in model.warnings]


def test_a_classifier_of_ultralytics(saved):
    model = read_onnx(saved(with_properties(ULTRALYTICS)))
    assert model.classes == FIVE
    assert model.preprocess == Preprocess(
        size=(8, 8), mean=(0.0,) * 3, std=(1.0,) * 3, interpolation="bilinear", crop_pct=1.0
    )
    origins = dict(model.preprocess_origins)
    assert (origins["size"], origins["mean"], origins["channels"]) == ("graph", "file", "assumed")
    (note,) = model.warnings
    assert note.code == "metadata_read"
    assert note.text == (
        "Taken from Ultralytics' metadata: how its images are prepared and the names of its 5 classes. "
        "Correct what of it is wrong (preprocess, data.classes)"
    )


def test_a_detector_of_ultralytics_is_named_and_its_images_are_not_cut(saved):
    metadata = read_onnx(saved(with_properties({**ULTRALYTICS, "task": "detect"})))
    assert metadata.preprocess.resize == "letterbox"
    assert "that it is made for detection" in metadata.warnings[0].text


def test_the_names_of_a_detectors_classes_are_no_fault():
    metadata = Metadata(classes=("a", "b", "c"), task="detection", sources=("Ultralytics' metadata",))
    notes = metadata.notes(prepares=False, classes=None, n_outputs=0)
    assert [note.code for note in notes] == ["metadata_read"]
    assert [note.code for note in metadata.notes(prepares=False, classes=None, n_outputs=5)][-1] == "metadata_ignored"


def test_the_size_that_a_file_leaves_open_is_that_of_its_metadata(saved):
    path = saved(with_properties({**ULTRALYTICS, "imgsz": "[16, 24]"}, ANY_SIZE))
    model = read_onnx(path)
    assert model.input_shape == (3, 16, 24)
    assert dict(model.preprocess_origins)["size"] == "file"
    assert read_onnx(path, size=(8, 8)).input_shape == (3, 8, 8)


def test_a_size_that_is_asked_for_is_no_whole_preprocessing(saved):
    """What is assumed beside it is still said to be."""
    path = saved(small_classifier(ANY_SIZE))
    with pytest.raises(SourceError, match="any size") as caught:
        read_onnx(path)
    assert caught.value.code == "input_size_open"
    model = read_onnx(path, size=(16, 24))
    assert (model.input_shape, codes_of(model)) == ((3, 16, 24), ["preprocess_assumed"])
    assert dict(model.preprocess_origins)["size"] == "asked"
    with pytest.raises(SourceError, match=r"takes images of 8x8 px, and 16x24 px are asked for"):
        read_onnx(saved(small_classifier(), "fixed.onnx"), size=(16, 24))


def test_the_graph_comes_before_the_size_of_metadata(saved):
    model = read_onnx(saved(with_properties({**ULTRALYTICS, "imgsz": "[640, 640]"})))
    assert model.preprocess.size == (8, 8)


def test_what_is_asked_for_comes_before_metadata_and_is_not_said_to_be_theirs(saved):
    asked = Preprocess(size=(8, 8), mean=(0.5,) * 3, std=(0.5,) * 3)
    model = read_onnx(saved(with_properties(ULTRALYTICS)), asked)
    assert (model.preprocess, model.classes) == (asked, FIVE)
    assert set(dict(model.preprocess_origins).values()) == {"asked"}
    assert "prepared" not in model.warnings[0].text


def test_our_own_metadata_come_before_those_of_others(saved):
    proto = with_properties(ULTRALYTICS)
    own = Preprocess(size=(8, 8), mean=(0.1,) * 3, std=(0.2,) * 3)
    write_metadata(proto, own, None)
    model = read_onnx(saved(proto))
    assert (model.preprocess, model.classes, model.warnings) == (own, None, ())


@pytest.mark.parametrize(("properties", "mean", "std", "scale", "channels"), [
    ({"Image.NominalPixelRange": "NominalRange_0_255", "Image.BitmapPixelFormat": "Bgr8"}, 0.0, 1.0, 1.0, "bgr"),
    ({"Image.NominalPixelRange": "Normalized_0_1"}, 0.0, 1.0, 255.0, None),
    ({"Image.NominalPixelRange": "Normalized_1_1", "Image.BitmapPixelFormat": "Rgb8"}, 0.5, 0.5, 255.0, "rgb"),
])  # fmt: skip
def test_the_image_metadata_that_onnx_defines(properties, mean, std, scale, channels, saved):
    model = read_onnx(saved(with_properties(properties)))
    preprocess = model.preprocess
    assert (preprocess.mean[0], preprocess.std[0], preprocess.scale) == (mean, std, scale)
    assert (preprocess.channels, codes_of(model)) == (channels, ["metadata_read"])


def test_an_order_of_the_channels_alone_leaves_the_rest_assumed(saved):
    model = read_onnx(saved(with_properties({"Image.BitmapPixelFormat": "Bgr8"})))
    assert (model.preprocess.channels, model.preprocess.mean[0]) == ("bgr", 0.485)
    assert codes_of(model) == ["preprocess_assumed"]


@pytest.mark.parametrize("text", [
    json.dumps(FIVE), json.dumps(dict(enumerate(FIVE))), str(list(FIVE)), "\n".join(FIVE),
    str({4: "hen", 3: "ray", 2: "shark", 1: FIVE[1], 0: "tench"}),
], ids=["JSON list", "JSON mapping", "Python list", "lines", "any order"])  # fmt: skip
@pytest.mark.parametrize("key", ["labels", "classes", "id2label"])
def test_names_of_classes_as_people_write_them(key, text, saved):
    model = read_onnx(saved(with_properties({key: text})))
    assert model.classes == FIVE
    assert codes_of(model) == ["preprocess_assumed", "metadata_read"]


def test_names_between_commas(saved):
    assert read_onnx(saved(with_properties({"labels": "a, b,c,d , e"}))).classes == tuple("abcde")


DAMAGED = [
    "{0: 'a', 1: ", "[" * 5000, "{0: __import__('os').system('true')}", "-" * 90_000 + "1", "{'x': 'y', 'z': 1}",
    "{0: 'a', 2: 'b'}", "[" + "[" * 300 + "]" * 301, "\0\1", "x" * (MAX_TEXT + 1), "{1e999: 'a'}", "[{}, {}]", "{" * 90,
    f"[{hex(1 << 20_000)}, 'a']",
]  # fmt: skip


@pytest.mark.parametrize("text", DAMAGED, ids=range(len(DAMAGED)))
def test_damaged_names_are_left_out_and_told_and_nothing_is_carried_out(text, saved):
    model = read_onnx(saved(with_properties({**ULTRALYTICS, "names": text, "imgsz": text, "channels": text})))
    assert (model.classes, model.input_shape) == (None, (3, 8, 8))
    assert codes_of(model) == ["metadata_read", "metadata_ignored"]


def test_names_that_are_not_as_many_as_the_outputs_are_left_out(saved):
    model = read_onnx(saved(with_properties({"labels": "cat,dog"})))
    assert model.classes is None
    text = "Its metadata name 2 classes and it has 5 outputs; they were left out"
    assert text in [note.text for note in model.warnings]


def test_a_preprocessing_that_cannot_be_is_left_out(saved):
    model = read_onnx(saved(with_properties({**ULTRALYTICS, "imgsz": "[9000, 9000]"}, ANY_SIZE)), size=(8, 8))
    assert model.input_shape == (3, 8, 8)
    with pytest.raises(SourceError, match="any size"):
        read_onnx(saved(with_properties({**ULTRALYTICS, "imgsz": "[9000, 9000]"}, ANY_SIZE)))


VIT = {
    "do_normalize": True, "do_rescale": True, "do_resize": True, "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5], "resample": 2, "rescale_factor": 0.00392156862745098,
    "size": {"height": 8, "width": 8},
}  # fmt: skip
HALF = {"mean": (0.5,) * 3, "std": (0.5,) * 3, "interpolation": "bilinear"}


@pytest.mark.parametrize(("config", "changed"), [
    (VIT, {"resize": "squash"}),
    ({**VIT, "size": 8}, {"resize": "squash"}),
    ({**VIT, "size": {"shortest_edge": 10}, "do_center_crop": True, "crop_size": {"height": 8, "width": 8}},
     {"crop_pct": 0.8}),
    ({**VIT, "size": {"height": 10, "width": 10}, "do_center_crop": True, "crop_size": 8},
     {"crop_pct": 0.8, "resize": "squash"}),
    ({**VIT, "do_resize": False, "do_center_crop": True, "crop_size": 8}, {"resize": "squash"}),
    ({**VIT, "size": {"shortest_edge": 8}, "crop_pct": 0.875}, {"crop_pct": 0.875}),
    ({**VIT, "do_normalize": False, "resample": 3},
     {"mean": (0.0,) * 3, "std": (1.0,) * 3, "interpolation": "bicubic", "resize": "squash"}),
    ({**VIT, "do_rescale": False}, {"scale": 1.0, "resize": "squash"}),
    ({**VIT, "rescale_factor": 1 / 127.5, "rescale_offset": True},
     {"scale": 127.5, "mean": (1.5,) * 3, "resize": "squash"}),
    ({**VIT, "do_flip_channel_order": True, "do_normalize": False, "image_mean": None},
     {"channels": "bgr", "mean": (0.0,) * 3, "std": (1.0,) * 3, "resize": "squash"}),
], ids=["vit", "old vit", "cut", "squashed and cut", "cut alone", "convnext", "0 to 1", "bytes",
        "offset", "bgr"])  # fmt: skip
def test_the_image_processors_of_hugging_face(config, changed, saved):
    path = saved(small_classifier())
    (path.parent / "preprocessor_config.json").write_text(json.dumps(config))
    model = read_onnx(path, folder=path.parent)
    assert model.preprocess == Preprocess(**{"size": (8, 8), **HALF, **changed})
    assert dict(model.preprocess_origins)["mean"] == "beside"
    assert model.warnings[0].text.startswith("Taken from preprocessor_config.json: how its images are prepared")


def test_the_crop_resizes_to_the_edge_that_was_written(saved):
    """A crop of 384 of 439: its share times 439 must not be rounded down to 438."""
    path = saved(small_classifier(Shape(image=("batch", 3, 384, 384))))
    for edge in range(385, 640, 2):
        size = {"size": {"shortest_edge": edge}, "do_center_crop": True, "crop_size": 384}
        (path.parent / "preprocessor_config.json").write_text(json.dumps({**VIT, **size}))
        assert int(384 / hints_beside(path.parent)[0].values["crop_pct"]) == edge


def test_the_size_of_an_image_processor_settles_open_axes_and_names_come_from_the_configuration(saved, tmp_path):
    path = saved(small_classifier(ANY_SIZE))
    (path.parent / "preprocessor_config.json").write_text(json.dumps({**VIT, "size": {"height": 16, "width": 16}}))
    config = {"architectures": ["ViTForImageClassification"], "id2label": {str(k): v for k, v in enumerate(FIVE)}}
    (path.parent / "config.json").write_text(json.dumps(config))
    (tmp_path / "work").mkdir()
    model = load_file(FileModel(path=str(path)), None, tmp_path / "work")
    assert (model.input_shape, model.classes) == ((3, 16, 16), FIVE)
    assert dict(model.preprocess_origins)["size"] == "beside"
    assert read_onnx(path, size=(8, 8)).classes is None


def test_placeholders_are_no_names(saved):
    path = saved(small_classifier())
    (path.parent / "config.json").write_text(json.dumps({"id2label": {str(k): f"LABEL_{k}" for k in range(5)}}))
    assert read_onnx(path, folder=path.parent).classes is None


def test_the_configuration_of_a_timm_model(saved):
    path = saved(small_classifier())
    cfg = {"input_size": [3, 8, 8], "mean": [0.1] * 3, "std": [0.2] * 3, "interpolation": "bilinear", "crop_pct": 0.9}
    text = json.dumps({"architecture": "x", "label_names": FIVE, "pretrained_cfg": cfg})
    (path.parent / "config.json").write_text(text)
    model = read_onnx(path, folder=path.parent)
    assert model.classes == FIVE
    assert model.preprocess == Preprocess(
        size=(8, 8), mean=(0.1,) * 3, std=(0.2,) * 3, interpolation="bilinear", crop_pct=0.9
    )


@pytest.mark.parametrize("text", ["{", "[]", '"text"', '{"image_mean": 3, "image_std": {}}', "\udcff", "[" * 100_000,
                                  '{"rescale_factor": 0, "do_normalize": false}'])  # fmt: skip
def test_a_damaged_configuration_is_left_out_and_told(text, saved):
    path = saved(small_classifier())
    (path.parent / "preprocessor_config.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    model = read_onnx(path, folder=path.parent)
    assert "preprocess_assumed" in codes_of(model)
    assert "metadata_read" not in codes_of(model)


def test_a_graph_of_bytes_normalises_them_itself_whatever_is_said(saved):
    proto = small_classifier()
    proto.graph.node.insert(0, helper.make_node("Cast", ["pixels"], ["image"], to=TensorProto.FLOAT))
    proto.graph.input[0].CopyFrom(helper.make_tensor_value_info("pixels", TensorProto.UINT8, ("batch", 3, 8, 8)))
    for key, value in ULTRALYTICS.items():
        proto.metadata_props.add(key=key, value=value)
    model = read_onnx(saved(proto))
    assert (model.preprocess.scale, model.preprocess.mean, model.preprocess.interpolation) == (
        1.0,
        (0.0,) * 3,
        "bilinear",
    )
    assert dict(model.preprocess_origins)["scale"] == "graph"


def test_a_gray_image_has_one_mean_whatever_the_file_says_of_three(saved):
    path = saved(small_classifier(Shape(image=("batch", 1, 8, 8))))
    (path.parent / "preprocessor_config.json").write_text(json.dumps({**VIT, "do_flip_channel_order": True}))
    preprocess = read_onnx(path, folder=path.parent).preprocess
    assert (preprocess.mean, preprocess.std, preprocess.channels) == ((0.5,), (0.5,), None)


def test_other_metadata_tell_nothing():
    assert hints_within({"producer": "x", "producer_version": "2"}) == []
