"""What is raced on a card: every row is a target that could be asked for, and no two are the same."""

import pytest

from engine.search.cuda_targets import CUDA_ROWS, cuda_targets
from engine.settings import Target
from engine.settings.target import CUDA

CARD = Target(provider=CUDA, threads=4, batch_size=8, bound=True, device_id=1, tf32=False)


@pytest.mark.parametrize("floats", ["float32", "float16"])
def test_every_row_is_a_valid_target_of_its_own(floats):
    targets = cuda_targets(CARD, floats)
    assert len({target.model_dump_json() for target in targets.values()}) == len(targets) == 4
    for target in targets.values():
        assert Target.parse(target.model_dump()) == target
        assert (target.batch_size, target.device_id, target.bound) == (8, 1, True)


def test_each_way_is_also_tried_as_a_captured_graph():
    for floats in ("float32", "float16"):
        plain, captured = (
            [target for target in cuda_targets(CARD, floats).values() if target.cuda_graph is one]
            for one in (False, True)
        )
        assert [target.model_copy(update={"cuda_graph": True}) for target in plain] == captured


def test_32_bits_race_with_and_without_tf32_and_16_bits_in_both_layouts():
    assert {target.tf32 for target in cuda_targets(CARD, "float32").values()} == {True, False}
    assert {target.prefer_nhwc for target in cuda_targets(CARD, "float16").values()} == {True, False}
    assert {target.prefer_nhwc for target in cuda_targets(CARD, "float32").values()} == {False}
    assert len({row.name for row in CUDA_ROWS}) == len(CUDA_ROWS)
