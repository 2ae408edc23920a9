"""What the techniques that learn from a teacher are tried on: the sample, a few of its digits, and who listens."""

import math
import shutil
from dataclasses import replace

import pytest

from engine import data as images
from engine import models
from engine.run.step_runner import StepRunner
from engine.settings import SampleData, SampleModel, Split, Target
from engine.store.cache import Cache

N_TRAIN = 96


class Heard(list):
    """All messages of a step."""

    def __call__(self, fraction, message, **metrics):
        self.append((fraction, message))

    def asked(self):
        return [message for _, message in self if "the teacher answers" in message]


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    return models.load(SampleModel(), None, 0, tmp_path_factory.mktemp("source"))


@pytest.fixture(scope="session")
def few(source):
    """The first digits of every split, addressed as other images than all of them."""
    data = images.load(SampleData(), Split(), source.preprocess, 0, merge_train=False, n_outputs=10)
    return replace(data, parts={name: part.span(0, N_TRAIN) for name, part in data.parts.items()}, sha256="few")


@pytest.fixture
def bench(tmp_path, few, with_baseline):
    """With a cache in which the sample's ONNX file is already."""
    (tmp_path / "work").mkdir()
    shutil.copytree(with_baseline, tmp_path / "cache")
    return StepRunner(
        cache=Cache(tmp_path / "cache"),
        data=few,
        target=Target(threads=1),
        seed=0,
        work=tmp_path / "work",
        deadline=math.inf,
    )


def unlabelled(bench):
    parts = {name: replace(part, labels=None) for name, part in bench.data.parts.items()}
    return replace(bench, data=replace(bench.data, parts=parts, classes=None))
