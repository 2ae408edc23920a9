"""Source -> model, by its kind."""

import hashlib
import json
from pathlib import Path

import pytest
import torch

from engine import models
from engine.errors import SourceError
from engine.models.artifacts import OnnxModel
from engine.models.sample import SAMPLE
from engine.settings import FileModel, Preprocess, SampleModel
from tests.models.small import small_classifier

NOWHERE = Path("no such folder")
"""Samples, files and random weights are kept nowhere."""


def test_the_sample_is_as_its_card_says():
    card = json.loads((SAMPLE / "card.json").read_text(encoding="utf-8"))
    model = models.load(SampleModel(), None, 0, NOWHERE)
    height, width = model.preprocess.size
    assert (model.architecture, model.classes, model.weights_label) == (
        card["architecture"],
        tuple("0123456789"),
        "sample",
    )
    assert hashlib.sha256(model.weights.read_bytes()).hexdigest() == card["weights_sha256"]
    assert model.build()(torch.zeros(1, model.in_chans, height, width)).shape == (1, 10)


def test_the_sample_keeps_its_preprocessing():
    own = models.load(SampleModel(), None, 0, NOWHERE).preprocess
    assert models.load(SampleModel(), own, 0, NOWHERE).preprocess == own
    with pytest.raises(SourceError, match="its own preprocessing"):
        models.load(SampleModel(), Preprocess(size=(32, 32), mean=(0.5,), std=(0.5,)), 0, NOWHERE)


def test_a_file_is_read_and_its_sum_checked(saved):
    path = saved(small_classifier())
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    model = models.load(FileModel(path=str(path), sha256=digest), None, 0, NOWHERE)
    assert isinstance(model, OnnxModel)
    assert model.sha256 == digest
    with pytest.raises(SourceError, match="SHA-256"):
        models.load(FileModel(path=str(path), sha256="0" * 64), None, 0, NOWHERE)


def test_an_upload_that_is_gone():
    with pytest.raises(SourceError, match="not in this home"):
        models.load(FileModel(sha256="0" * 64), None, 0, NOWHERE)
