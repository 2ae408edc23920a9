"""Weights beside the model: taken in where the two files agree, and refused unread where they could do harm."""

import os

import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from engine.errors import SourceError
from engine.models.external_data import embed, external_tensors
from engine.models.onnx_source import load_file
from engine.settings import FileModel
from tests.models.small import small_classifier

NAME = "model.onnx.data"


@pytest.fixture
def beside(tmp_path):
    """A model whose weights lie beside it, without having read them: (model, folder)."""
    folder = tmp_path / "models"
    folder.mkdir()
    onnx.save(small_classifier(), folder / "model.onnx", save_as_external_data=True, location=NAME, size_threshold=0)
    return onnx.load(folder / "model.onnx", load_external_data=False), folder


def test_the_two_files_become_one_with_an_address_of_both(beside, tmp_path):
    _, folder = beside
    source = FileModel(path=str(folder / "model.onnx"))
    (tmp_path / "work").mkdir()
    model = load_file(source, None, tmp_path / "work")
    plain = {tensor.name: numpy_helper.to_array(tensor) for tensor in small_classifier().graph.initializer}
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(model.path).graph.initializer}
    assert plain.keys() == stored.keys()
    assert all((plain[name] == stored[name]).all() for name in plain)
    data = bytearray((folder / NAME).read_bytes())
    data[0] ^= 1
    (folder / NAME).write_bytes(data)
    assert load_file(source, None, tmp_path / "work").key != model.key


def test_a_missing_file_is_named_with_what_to_do(beside):
    proto, folder = beside
    (folder / NAME).unlink()
    with pytest.raises(SourceError, match=r"another file, 'model\.onnx\.data', which is not beside it") as caught:
        embed(proto, folder)
    assert caught.value.next.startswith("Also upload 'model.onnx.data' together with the model")


def test_all_that_are_missing_are_named_and_no_other(beside):
    proto, folder = beside
    for tensor, name in zip(proto.graph.initializer, ("there", "b.bin", "sub/a.bin"), strict=False):
        del tensor.external_data[:]
        tensor.external_data.add(key="location", value=name)
    (folder / "there").write_bytes(bytes(10_000))
    with pytest.raises(SourceError, match=r"2 other files, 'b\.bin', 'sub/a\.bin', which are not") as caught:
        embed(proto, folder)
    assert "there" not in caught.value.next
    assert "Also upload 'b.bin', 'sub/a.bin' together" in caught.value.next


def linked(folder, make):
    (folder.parent / "secret").write_bytes((folder / NAME).read_bytes())
    (folder / NAME).unlink()
    make(folder.parent / "secret", folder / NAME)


@pytest.mark.parametrize(("make", "said"), [
    (lambda folder: linked(folder, lambda old, new: new.symlink_to(old)), "behind a link"),
    (lambda folder: linked(folder, lambda old, new: new.hardlink_to(old)), "hard link"),
    (lambda folder: linked(folder, lambda old, new: os.mkfifo(new)), "no regular file"),
    (lambda folder: linked(folder, lambda old, new: new.mkdir()), "no regular file"),
])  # fmt: skip
def test_what_is_no_plain_file_is_refused_unread(make, said, beside):
    proto, folder = beside
    make(folder)
    with pytest.raises(SourceError, match=said):
        embed(proto, folder)


def change(proto, **entries):
    tensor = proto.graph.initializer[0]
    entries = {entry.key: entry.value for entry in tensor.external_data} | entries
    del tensor.external_data[:]
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=value)


@pytest.mark.parametrize("location", ["../secret", "/dev/zero", "a/../../secret", "", "C:\\secret", "a\0b"])
def test_a_place_outside_of_the_folder_is_refused(location, beside):
    proto, folder = beside
    (folder.parent / "secret").write_bytes((folder / NAME).read_bytes())
    change(proto, location=location)
    with pytest.raises(SourceError, match="not a file beside it"):
        embed(proto, folder)


@pytest.mark.parametrize(("entries", "said"), [
    ({"offset": "-4"}, "bytes -4 to"),
    ({"offset": "10000"}, "of a file of"),
    ({"length": str(2**50)}, "bytes, and its shape needs 432"),
    ({"length": "-432"}, "and its shape needs 432"),
    ({"offset": "much"}, "no number"),
])  # fmt: skip
def test_a_place_outside_of_the_file_is_refused(entries, said, beside):
    proto, folder = beside
    change(proto, **entries)
    with pytest.raises(SourceError, match=said):
        embed(proto, folder)


def test_tensors_that_overlap_are_refused(beside):
    proto, folder = beside
    first = proto.graph.initializer[0]
    for number in range(1000):
        proto.graph.initializer.add().CopyFrom(first)
        proto.graph.initializer[-1].name = f"again {number}"
    with pytest.raises(SourceError, match="overlap"):
        embed(proto, folder)


def test_tensors_within_nodes_and_branches_count(beside):
    proto, folder = beside
    weight = onnx.TensorProto()
    weight.CopyFrom(proto.graph.initializer[0])
    constant = helper.make_node("Constant", [], ["c"], value=weight)
    branch = helper.make_graph([constant], "then", [], [helper.make_tensor_value_info("c", TensorProto.FLOAT, None)])
    proto.graph.node.append(helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch))
    del proto.graph.initializer[:]
    assert len(external_tensors(proto)) == 2
    proto.graph.node[-1].attribute.pop()
    assert embed(proto, folder) == (NAME,)
    assert external_tensors(proto) == []
