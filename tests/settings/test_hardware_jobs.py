"""What a sweep and a showdown can be asked for, and what is refused by name."""

import pytest

from engine.errors import SettingsError
from engine.settings import FileModel, ShowdownEntry, ShowdownRequest, SweepRequest, Target, VariantFile
from engine.settings.hardware_jobs import MOST_MINUTES, MOST_ROUNDS, thread_counts

FILE = VariantFile(model=FileModel(path="model.onnx"))


@pytest.mark.parametrize(
    ("n_cores", "counts"), [(1, (1,)), (2, (1, 2)), (3, (1, 2, 3)), (6, (1, 2, 4, 6)), (8, (1, 2, 4, 8))]
)
def test_threads_are_doubled_up_to_the_cores(n_cores, counts):
    assert thread_counts(n_cores) == counts


def test_cells_are_every_combination_row_by_row_and_small_batches_come_first():
    request = SweepRequest(file=FILE, batch_sizes=(8, 1, 8), target=Target(runtime="openvino", precision="f32"))
    assert request.axes(2) == {"threads": (1, 2), "batch_size": (1, 8)}
    assert [(one.threads, one.batch_size) for one in request.targets(2)] == [(1, 1), (1, 8), (2, 1), (2, 8)]
    assert {(one.runtime, one.precision) for one in request.targets(2)} == {("openvino", "f32")}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"batch_sizes": (0,)}, "'batch_sizes.0' is 0, it must be at least 1"),
        ({"batch_sizes": ()}, "'batch_sizes' is"),
        ({"max_latency_ms": 0}, "'max_latency_ms' is 0"),
        ({"rounds": 2}, "'rounds' is 2, it must be at least 3"),
        ({"batch_sizes": range(1, 13), "threads": range(1, 13)}, "144 combinations are asked for, at most 128"),
        (
            {"streams": (1, 2)},
            "'streams' is 1, 2, which onnxruntime does not take; leave it out, or set target",
        ),
        ({"file": {}}, "a file is named by 'run' and 'variant', or by 'model'"),
        ({"file": {"run": "a"}}, "a file is named by 'run' and 'variant', or by 'model'"),
    ],
)
def test_what_no_sweep_can_be_is_refused_by_name(values, message):
    with pytest.raises(SettingsError, match=message):
        SweepRequest.parse({"file": FILE, **values})


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([{}], "'rows'"),
        ([{}, {"batch_size": 8}], "row 2 has 8 images a call and row 1 has 1"),
        ([{}, {"runtime": "openvino"}, {}], "row 3 is the same as an earlier one"),
    ],
)
def test_rows_that_cannot_be_compared_are_refused_by_their_number(targets, message):
    with pytest.raises(SettingsError, match=message):
        ShowdownRequest.parse({"rows": [{"file": FILE, "target": target} for target in targets]})


def test_only_combinations_with_a_thread_for_every_stream_count_towards_the_most():
    counts = (1, 2, 4, 8, 16, 32, 64)
    values = {"file": FILE, "target": {"runtime": "openvino"}, "threads": counts, "streams": counts}
    assert len(SweepRequest.parse({**values, "batch_sizes": (1, 8, 64)}).targets(64)) == 84  # of 147
    assert len(SweepRequest.parse({**values, "batch_sizes": (1,) * 16}).targets(64)) == 28
    with pytest.raises(SettingsError, match="140 combinations are asked for, at most 128 are allowed"):
        SweepRequest.parse({**values, "batch_sizes": (1, 2, 4, 8, 16)})


ROWS = (ShowdownEntry(file=FILE), ShowdownEntry(file=FILE, target=Target(runtime="openvino")))


def test_one_file_at_two_targets_is_a_showdown():
    assert ShowdownRequest(rows=ROWS).rows[1].target.provider == "CPU"


def test_as_many_rounds_can_be_asked_for_as_a_showdown_may_name():
    assert ShowdownRequest(rows=ROWS, rounds=MOST_ROUNDS, minutes=MOST_MINUTES).rounds == 1000
    for values, message in (
        ({"rounds": MOST_ROUNDS + 1}, "'rounds' is 1001, it must be"),
        ({"minutes": MOST_MINUTES + 1}, "'minutes' is 31, it must be"),
        ({"minutes": 0}, "'minutes' is 0, it must be more than 0"),
    ):
        with pytest.raises(SettingsError, match=message):
            ShowdownRequest.parse({"rows": ROWS, **values})
