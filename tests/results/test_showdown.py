"""What a target is called beside others: plain ones by their runtime, and what makes one differ from those."""

import pytest

from engine.results import ShowdownRow, copies_text, target_title
from engine.settings import Target
from engine.settings.target import CUDA
from tests.made import BASE, made_call_latency
from tests.made_speed import ROWS, made_showdown


def with_target(made, number: int, **changed):
    """The showdown with another target of one row."""
    row = made.rows[number]
    other = row.model_copy(update={"target": row.target.model_copy(update=changed)})
    return made.model_copy(update={"rows": (*made.rows[:number], other, *made.rows[number + 1 :])})


@pytest.mark.parametrize(
    ("target", "precision", "title"),
    [
        ({}, "f32", "onnxruntime"),
        ({"runtime": "openvino"}, "", "OpenVINO"),
        ({"runtime": "openvino"}, "bf16", "OpenVINO in bf16"),
        ({"runtime": "openvino", "precision": "f32"}, "", "OpenVINO in f32"),
        ({"runtime": "any", "threads": 2, "batch_size": 8}, "", "any"),
        ({"runtime": "openvino", "precision": "bf16", "streams": 2}, "bf16", "OpenVINO in bf16, 2 streams"),
        ({"runtime": "openvino", "provider": "GPU"}, "f16", "OpenVINO in f16, GPU"),
        (
            {"spinning": False, "quant_precision": True},
            "f32",
            "onnxruntime, idle threads sleep, exact 8-bit sums",
        ),
        ({"provider": CUDA}, "tf32", f"onnxruntime, {CUDA}, with TF32"),
        ({"provider": CUDA, "tf32": False}, "f32", f"onnxruntime, {CUDA}, without TF32"),
        ({"provider": CUDA, "cuda_graph": True}, "tf32", f"onnxruntime, {CUDA}, with TF32, as a CUDA graph"),
    ],
)
def test_a_title_names_what_tells_a_target_from_the_plain_ones(target, precision, title):
    assert target_title(Target(**target), precision) == title


def test_of_a_pair_that_cannot_be_told_the_rounds_that_count_are_named_beside_those_that_would_tell():
    """Of 24 rounds 9 may count, and "about 10 would tell" alone would be read as fewer than there were."""
    pair = made_showdown().pairs[0].model_copy(update={"verdict": "cannot_tell", "n_rounds": 9, "rounds_to_tell": 1000})
    assert pair.rounds_text == "9 rounds count, about 1,000 would tell"
    assert pair.model_copy(update={"rounds_to_tell": None}).rounds_text.startswith("as fast as each other")


def test_a_row_is_called_by_its_file_and_its_target():
    made = made_showdown()
    assert made.title(1) == "Baseline · OpenVINO in bf16"
    streams = with_target(made, 1, streams=2)
    assert streams.title(1) == "Baseline · OpenVINO in bf16, 2 streams"


def test_a_row_is_called_by_its_threads_too_where_those_of_the_rows_differ():
    made = with_target(made_showdown(), 1, threads=1)
    assert [made.title(number) for number in (0, 1)] == [
        "Baseline · onnxruntime, 2 threads",
        "Baseline · OpenVINO in bf16, 1 thread",
    ]


def test_rounds_are_told_of_those_that_were_asked_for_where_it_ended_before():
    stopped = made_showdown(complete=False, n_rounds=5, n_rounds_asked=12)
    assert stopped.rounds_text == "5 of 12 rounds"
    added = stopped.model_copy(update={"n_rounds": 14})
    whole = stopped.model_copy(update={"complete": True})
    assert [one.rounds_text for one in (added, whole, made_showdown())] == ["14 rounds", "5 rounds", "12 rounds"]


def test_a_latency_without_a_ratio_keeps_that_it_has_none():
    row = made_showdown().rows[1].model_copy(update={"latency": made_call_latency(2.0)})
    assert row.beside_first is None
    assert ShowdownRow.model_validate_json(row.model_dump_json()) == row
    assert made_showdown().rows[1].beside_first.ratio_to_baseline == 0.5


def test_copies_are_told_of_rows_whose_buffers_are_on_no_card():
    cards = [(BASE, "Baseline", Target(provider=CUDA, bound=bound, threads=2), "tf32", 0.5) for bound in (False, True)]
    made = made_showdown((ROWS[0], *cards))
    bound = made.rows[2].latency.model_copy(update={"buffers": "bound"})
    rows = (*made.rows[:2], made.rows[2].model_copy(update={"latency": bound}))
    assert copies_text(made.model_copy(update={"rows": rows})).startswith("Row 2: a call takes arrays in memory")
    assert copies_text(made).startswith("Rows 2, 3: a call")
    assert copies_text(made_showdown()) == ""
