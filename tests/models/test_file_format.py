"""What is given in place of an ONNX file, and what to do with it."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from engine.errors import SourceError
from engine.models.file_format import check_is_onnx
from engine.models.graph import parse_proto
from tests.models.small import small_classifier


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n", "Git LFS pointer"),
        (b"\n<!DOCTYPE html><html></html>", "web page"),
        (b"<?xml version='1.0'?>", "web page or XML"),
    ],
)
def test_what_is_no_model_is_named(content, said, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=said) as caught:
        check_is_onnx(path)
    assert caught.value.next


@pytest.mark.parametrize("first", [b"<", b"< ", b"\x80", b"{"])
def test_random_bytes_are_no_web_page_and_no_pickle(first, tmp_path):
    path = tmp_path / "random.onnx"
    path.write_bytes(first + np.random.default_rng(0).bytes(3000))
    with pytest.raises(SourceError, match="not an ONNX file, or is cut off"):
        parse_proto(path)


@pytest.mark.parametrize("save", [
    lambda path: torch.save({"a": torch.zeros(2)}, path),
    lambda path: torch.save({"a": torch.zeros(2)}, path, _use_new_zipfile_serialization=False),
    lambda path: save_file({"a": torch.zeros(2)}, path),
])  # fmt: skip
def test_weights_are_sent_to_their_architecture(save, tmp_path):
    path = tmp_path / "best.pt"
    save(path)
    with pytest.raises(SourceError, match="not an ONNX") as caught:
        check_is_onnx(path)
    assert "as the weights of its architecture" in caught.value.next
    assert "on the Model page under Catalogue" in caught.value.next


def test_a_model_passes(saved):
    check_is_onnx(saved(small_classifier()))


def test_a_missing_file(tmp_path):
    with pytest.raises(SourceError, match="there is no file"):
        check_is_onnx(tmp_path / "nothing.onnx")
