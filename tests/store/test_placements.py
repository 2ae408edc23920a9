import pytest

from engine.store.placements import READ_BYTES, PlacementKey, read_placement, remember_placement

KEY = PlacementKey(cpu="one", cores=2, threads=2, batch_size=1, runtime="onnxruntime 1", blocks=("swish", "depthwise"))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "placements.jsonl"


def test_the_newest_placement_under_the_same_conditions_counts(path):
    assert read_placement(path, KEY) is None
    remember_placement(path, KEY, ("swish",))
    remember_placement(path, KEY.model_copy(update={"cpu": "other"}), ("attention",))
    assert read_placement(path, KEY) == ("swish",)
    remember_placement(path, KEY, ("swish", "depthwise"))
    assert read_placement(path, KEY) == ("swish", "depthwise")


@pytest.mark.parametrize(
    "changed", [{"cores": 1}, {"threads": 1}, {"batch_size": 8}, {"runtime": "onnxruntime 2"}, {"blocks": ("swish",)}]
)
def test_other_conditions_are_other_placements(path, changed):
    remember_placement(path, KEY, ("swish",))
    assert read_placement(path, KEY.model_copy(update=changed)) is None


def test_what_is_known_is_not_written_again(path):
    for _ in range(3):
        remember_placement(path, KEY, ("swish",))
    assert len(path.read_bytes().splitlines()) == 1


@pytest.mark.parametrize("rest", [b"{", b"\xff\xfe\n", b'{"cpu": 3}\n', b"[]\n\n", b"x" * 2 * READ_BYTES + b"\n"])
def test_lines_that_cannot_be_read_are_ignored(path, rest):
    path.write_bytes(rest)
    assert read_placement(path, KEY) is None
    with path.open("ab") as file:
        file.write(b"\n")
    remember_placement(path, KEY, ("swish",))
    assert read_placement(path, KEY) == ("swish",)


def test_a_file_that_cannot_be_written_is_no_error(path):
    path.mkdir()
    remember_placement(path, KEY, ("swish",))
    assert read_placement(path, KEY) is None
    assert path.is_dir()
