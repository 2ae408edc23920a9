"""The session of a bundle: calls of the first call's shapes go through buffers where a captured graph was measured."""

import threading

import numpy as np
import onnx
import pytest

from tests.models.small import Shape, small_classifier
from tests.packed import bundled_session

CAPTURED = {"enable_cuda_graph": "1"}


@pytest.fixture(scope="module")
def module():
    return bundled_session()


@pytest.fixture
def opened(module, tmp_path):
    """Opens the small classifier on the CPU, whose buffers lie in memory, with these options."""
    path = tmp_path / "small.onnx"
    onnx.save(small_classifier(Shape(image=("batch", 3, 16, 16))), path)
    ends = onnx.load(path).graph

    def session(options):
        outputs = [ends.output[0].name]
        settings = {"provider": "CPUExecutionProvider", "threads": 1, "options": options, "outputs": outputs}
        return Asked(module.Session(path, settings), ends.input[0].name, outputs[0])

    return session


class Asked:
    """A session that is asked with so many images of this seed, and gives its one output."""

    def __init__(self, session, given, answer):
        self.session, self.given, self.answer = session, given, answer

    def __call__(self, n, seed=0):
        images = np.random.default_rng(seed).standard_normal((n, 3, 16, 16), dtype=np.float32)
        return self.session({self.given: images})[self.answer]


def test_calls_of_any_shape_answer_as_without_a_captured_graph(opened):
    plain, captured = opened({}), opened(CAPTURED)
    for n, seed in ((2, 0), (2, 1), (1, 2), (2, 3), (5, 4)):
        np.testing.assert_array_equal(captured(n, seed), plain(n, seed))


def test_only_the_shapes_of_the_first_call_are_captured_and_answers_stay_their_own(opened, module, monkeypatch):
    replayed = []
    call = module.CapturedGraph.__call__

    def counted(self, arrays):
        replayed.extend(len(array) for array in arrays.values())
        return call(self, arrays)

    monkeypatch.setattr(module.CapturedGraph, "__call__", counted)
    ask = opened(CAPTURED)
    first = ask(2, 0)
    kept = first.copy()
    ask(3, 1)
    ask(2, 2)
    assert replayed == [2, 2, 2]  # once to capture, and in the two calls of that shape
    np.testing.assert_array_equal(first, kept)


def test_several_threads_get_their_own_answers(opened):
    ask, wrong = opened(CAPTURED), []
    expected = {seed: opened({})(2, seed) for seed in range(4)}

    def asking(seed):
        for _ in range(30):
            if not np.array_equal(ask(2, seed), expected[seed]):
                wrong.append(seed)

    threads = [threading.Thread(target=asking, args=(seed,)) for seed in expected]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_what_cannot_be_captured_is_said_once_and_runs_without(opened, module, monkeypatch):
    def refuse(*given):
        raise RuntimeError("some of its operators do not run on the card\nand more")

    monkeypatch.setattr(module, "CapturedGraph", refuse)
    ask = opened(CAPTURED)
    with pytest.warns(UserWarning, match="the CUDA graph is not captured: some of its operators") as raised:
        answers = [ask(2) for _ in range(2)]
    assert len(raised) == 1
    np.testing.assert_array_equal(answers, [opened({})(2)] * 2)
