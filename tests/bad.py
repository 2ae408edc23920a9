"""Bad input made by hand: a folder of models, weights, images and tables that are not what they should be."""

import zipfile
from pathlib import Path

import numpy as np
import onnx
import timm
import torch
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from safetensors.torch import save_file


def make_inputs(root: Path) -> Path:
    """Everything that the tests of bad input name, below `root`."""
    for name, classes in {"pets": ("cat", "dog"), "cats": ("cat",), "three": ("a", "b", "c")}.items():
        draw(root / name, classes)
    (root / "empty").mkdir()
    (root / "hollow" / "cat").mkdir(parents=True)
    (root / "garbage" / "cat").mkdir(parents=True)
    (root / "garbage" / "cat" / "0.png").write_text("this is no image")
    draw(root / "some", ("cat", "dog"))
    (root / "some" / "cat" / "broken.png").write_bytes((root / "some" / "cat" / "00.png").read_bytes()[:99])
    with zipfile.ZipFile(root / "slip.zip", "w") as archive:
        archive.writestr("../evil.png", b"x")
    (root / "short.csv").write_text("cat/00.png,cat\ncat/01.png\n")
    (root / "lost.csv").write_text("nope.png,cat\n")
    models(root)
    weights(root)
    return root


def draw(folder: Path, classes: tuple[str, ...], count: int = 12) -> None:
    """A folder of images of noise for every class."""
    rng = np.random.default_rng(0)
    for name in classes:
        (folder / name).mkdir(parents=True)
        for index in range(count):
            Image.fromarray(rng.integers(0, 256, (20, 24, 3), np.uint8)).save(folder / name / f"{index:02d}.png")


def models(root: Path) -> None:
    """two.onnx is a classifier of two classes at 16 px; the others are none."""
    weight = np.random.default_rng(0).normal(size=(768, 2)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("Flatten", ["x"], ["flat"]), helper.make_node("MatMul", ["flat", "w"], ["y"])],
        "two",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 16, 16])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2])],
        [numpy_helper.from_array(weight, "w")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), root / "two.onnx")
    whole = (root / "two.onnx").read_bytes()
    (root / "cut.onnx").write_bytes(whole[: len(whole) // 2])
    (root / "empty.onnx").write_bytes(b"")
    (root / "random.onnx").write_bytes(np.random.default_rng(0).bytes(3000))
    (root / "page.onnx").write_text("<!DOCTYPE html><html>404</html>")
    (root / "pointer.onnx").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n")


def weights(root: Path) -> None:
    """Of a test_resnet with five classes, of nothing, and no weights at all."""
    save_file(timm.create_model("test_resnet", num_classes=5).state_dict(), root / "five.safetensors")
    torch.save({"a": torch.zeros(3)}, root / "other.pt")
    (root / "text.safetensors").write_text("no weights")
    (root / "text.pt").write_text("no weights")
