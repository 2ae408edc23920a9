"""Which architectures are advised, from figures made by hand."""

import pytest

from engine.analyses.pareto import advised, pareto_front
from engine.results import Published
from tests.made import made_advice, made_architecture


def known(*architectures):
    return [(one, one.latency, one.published) for one in architectures]


def test_the_front_is_what_no_other_beats():
    slow, fast = made_architecture("slow", 0.9, 0.80), made_architecture("fast", 0.3, 0.70)
    beaten, equal = made_architecture("beaten", 0.5, 0.69), made_architecture("equal", 0.9, 0.80)
    assert [one.name for one, _, _ in pareto_front(known(slow, beaten, fast, equal))] == ["fast", "slow"]


def test_faster_is_as_accurate_and_sure_by_the_whole_interval():
    told = advised(
        made_advice(
            made_architecture("sure", 0.5, 0.75),
            made_architecture("surer", 0.4, 0.76),
            made_architecture("unsure", 0.95, 0.75),
            made_architecture("worse", 0.2, 0.74),
            own=Published(tag="a", img_size=224, top1=0.75),
        )
    )
    assert told.faster == ("surer", "sure")


def test_better_is_more_accurate_at_no_more_latency():
    told = advised(
        made_advice(
            made_architecture("unsure", 0.98, 0.78),
            made_architecture("slower", 1.02, 0.90),
            made_architecture("same", 0.9, 0.75),
            made_architecture("best", 0.9, 0.80),
            own=Published(tag="a", img_size=224, top1=0.75),
        )
    )
    assert told.better == ("best", "unsure")
    assert told.reason.code == "advised"
    assert "best: 1.11 times as fast as your model (1.01 to 1.23), 80.0 %" in told.reason.text


def test_the_architecture_itself_is_no_advice_whatever_its_weights():
    own = Published(tag="a", img_size=224, top1=0.75)
    told = advised(made_advice(made_architecture("resnet10t", 0.5, 0.9), own=own, architecture="resnet10t.c3_in1k"))
    assert (told.faster, told.better) == ((), ())
    assert told.reason.code == "nothing_better"
    assert told.front == ("resnet10t",)


def test_a_file_without_a_published_figure_has_the_front_alone():
    told = advised(made_advice(made_architecture("any", 0.5, 0.9), own=None, architecture=None))
    assert (told.front, told.faster, told.better, told.reason.code) == (("any",), (), (), "own_unknown")


@pytest.mark.parametrize("own", [None, Published(tag="a", img_size=224, top1=0.75)])
def test_what_is_not_measured_or_not_published_is_no_part_of_it(own):
    told = advised(
        made_advice(made_architecture("refused", None, 0.9), made_architecture("unknown", 0.5, None), own=own)
    )
    assert (told.front, told.faster, told.better, told.reason) == ((), (), (), None)
