"""What is said of figures from a card: which card, which memory, and which buffers."""

import pytest

from engine.planning.comparing import compare_reports
from engine.results.time_profile import parts_text
from tests.made import INT8, made_cold_start, made_report
from tests.made_card_report import CARD, HOST, ON_CARD, made_card_report


def test_latencies_are_of_the_card_and_its_host_and_on_a_cpu_of_the_cpu():
    assert made_card_report().latency_hardware == f"{CARD} (host: {HOST})"
    assert made_card_report(cards=()).latency_hardware == HOST
    report = made_report()
    machine = report.environment.model_copy(update={"graphics_cards": (CARD,)})
    assert report.model_copy(update={"environment": machine}).latency_hardware == HOST


@pytest.mark.parametrize(
    ("device_id", "by_number", "expected"),
    [
        (None, (), "card 0 of NVIDIA H200, Tesla T4, visible: 1,0"),
        (1, (), "card 1 of NVIDIA H200, Tesla T4, visible: 1,0"),
        (None, ("Tesla T4", "NVIDIA H200"), "Tesla T4"),
        (1, ("Tesla T4", "NVIDIA H200"), "NVIDIA H200"),
    ],
)
def test_of_several_cards_the_one_that_was_used_is_named_by_its_number(device_id, by_number, expected):
    report = made_card_report(
        ("NVIDIA H200", "Tesla T4", "visible: 1,0"), ON_CARD.model_copy(update={"device_id": device_id})
    )
    machine = report.environment.model_copy(update={"cuda_cards": by_number})
    report = report.model_copy(update={"environment": machine})
    assert report.run_hardware == report.latency_hardware == f"{expected} (host: {HOST})"


def test_two_cards_beside_the_same_processor_do_not_compare_in_time():
    comparison = compare_reports([("one", made_card_report()), ("two", made_card_report(cards=("NVIDIA H200",)))])
    assert {one.quantity for one in comparison.differences} == {"latency", "speed"}
    assert all("timed on NVIDIA H200 (host: A CPU)" in one.reason for one in comparison.differences)


def test_every_variant_has_both_of_its_latencies():
    (first, second) = made_card_report().buffers_texts
    assert first == "Baseline: a call takes 2.00 ms with arrays in memory, 3.00 ms with buffers on the card"
    assert second.startswith("16-bit floats: a call takes 1.00 ms with arrays in memory")
    assert made_report().buffers_texts == ()


def test_the_memory_of_a_card_is_not_in_the_peak_and_that_is_said():
    on_card = made_card_report().variant(INT8).cold_start
    assert on_card.memory_text == "peak memory is the host's: what lies on the card is not in it"
    assert made_cold_start(30.0, None).memory_text == ""


@pytest.mark.parametrize(("report", "end"), [(made_card_report(), "nodes, or by the card"), (made_report(), "nodes")])
def test_what_the_parts_leave_is_spent_by_the_card_too(report, end):
    assert parts_text(0.1, report.variant(INT8).latency).endswith(f"the rest is spent between the {end}")
