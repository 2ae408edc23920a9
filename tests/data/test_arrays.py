"""A user's .npz: what is read of it, how it is split, and everything that is refused."""

import io
import pickle
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from engine.data import SPLIT_NAMES, Data, first_batch, load, npz
from engine.errors import DataError
from engine.results import TensorSpec
from engine.settings import ArraysData, ImagesData, Preprocess, SampleData, Split

INPUTS = (
    TensorSpec(name="ids", dtype="int64", shape=("tokens",), upper=30),
    TensorSpec(name="mask", dtype="bool", shape=("tokens",)),
    TensorSpec(name="image", dtype="float32", shape=(3, "?", "?")),
    TensorSpec(name="short", dtype="float16", shape=(2,)),
    TensorSpec(name="scale", dtype="float32", shape=(), batched=False),
)
N, TOKENS = 40, 5


def arrays(**changed: object) -> dict[str, object]:
    """Arrays for INPUTS in other number types than theirs, which lose nothing; None leaves one out."""
    rng = np.random.default_rng(0)
    values = {
        "ids": rng.integers(0, 30, (N, TOKENS)).astype(np.uint8),
        "mask": np.ones((N, TOKENS), np.int64),
        "image": rng.random((N, 3, 4, 6)),
        "short": np.asfortranarray(rng.integers(0, 2049, (N, 2))),
        "scale": np.float64(2.5),
    } | changed
    return {name: value for name, value in values.items() if value is not None}


def saved(folder: Path, values: Mapping[str, object], save: Callable[..., None] = np.savez) -> ArraysData:
    save(folder / "inputs.npz", **values)
    return ArraysData(path=str(folder / "inputs.npz"))


def read(source: ArraysData, inputs: tuple[TensorSpec, ...] = INPUTS, **options) -> Data:
    arguments = {"merge_train": False, "n_outputs": None, **options}
    return load(
        source, Split(), arguments.pop("preprocess", None), arguments.pop("seed", 0), inputs=inputs, **arguments
    )


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_every_input_gets_its_values_in_its_own_number_type(tmp_path, save):
    given = arrays()
    part = read(saved(tmp_path, given, save), work=tmp_path / "work").split("evaluation")
    batch = first_batch(part, 5)
    assert [(name, str(values.dtype)) for name, values in batch.items()] == [(spec.name, spec.dtype) for spec in INPUTS]
    rows = [int(id.removeprefix("row-")) - 1 for id in part.ids[:5]]
    for name, values in batch.items():
        wanted = given[name] if name == "scale" else np.asarray(given[name])[rows]
        assert np.allclose(values, wanted, rtol=1e-6)
    assert [*(tmp_path / "work").iterdir()] == []


def test_batches_come_in_order_and_a_limit_counts_examples(tmp_path):
    part = read(saved(tmp_path, arrays())).split("train")
    batches = list(part.batches(10, limit=23))
    assert [len(batch["ids"]) for batch in batches] == [10, 10, 3]
    assert all(batch["scale"].shape == () for batch in batches)
    span = part.span(10, 20)
    assert len(span) == 10
    assert np.array_equal(first_batch(span, 10)["image"], batches[1]["image"])
    assert span.cached(tmp_path) is span


def test_splits_are_seeded_and_do_not_overlap(tmp_path):
    source = saved(tmp_path, arrays())
    data, again, other = (read(source, seed=seed) for seed in (1, 1, 2))
    ids = [id for name in SPLIT_NAMES for id in data.split(name).ids] + list(
        np.array(data.selection.ids)[data.given_by_evaluation]
    )
    assert sorted(ids) == [f"row-{row:06d}" for row in range(1, N + 1)]
    assert data.sha256 == again.sha256 != other.sha256
    assert data.summary().n_train == 24
    assert read(source, merge_train=True).summary().n_train == 0
    assert not data.labelled
    assert not data.has_images


def test_an_example_is_what_the_model_gets_of_it_whatever_the_file_stores(tmp_path):
    """The same values in other number types are the same evaluation set; another constant is another one."""
    hashes = {
        read(saved(tmp_path, arrays(**changed))).evaluation_sha256
        for changed in ({}, {"ids": arrays()["ids"].astype(">i4")}, {"scale": np.float32(2.5)})
    }
    assert len(hashes) == 1
    assert read(saved(tmp_path, arrays(scale=np.float64(3)))).evaluation_sha256 not in hashes


def test_copies_among_the_examples_are_told(tmp_path):
    same = {name: np.repeat(np.asarray(values)[:1], N, 0) for name, values in arrays(scale=None).items()}
    (note,) = read(saved(tmp_path, same | {"scale": 1.0})).warnings
    assert "evaluation examples are byte for byte the same as examples for training" in note.text


@pytest.mark.parametrize(
    ("n_outputs", "model_classes", "classes"),
    [(4, ("a", "b", "c", "d"), ("a", "b", "c", "d")), (5, None, tuple("01234")), (None, None, tuple("0123"))],
)
def test_labels_are_numbers_of_outputs(tmp_path, n_outputs, model_classes, classes):
    labels = np.arange(N) % 4
    data = read(saved(tmp_path, arrays(labels=labels)), n_outputs=n_outputs, model_classes=model_classes)
    assert data.classes == classes
    part = data.split("train")
    assert part.labels.tolist() == [labels[int(id.removeprefix("row-")) - 1] for id in part.ids]
    assert np.bincount(part.labels).tolist() == [6, 6, 6, 6]


def test_an_input_may_be_named_labels(tmp_path):
    inputs = (TensorSpec(name="labels", dtype="float32", shape=()),)
    data = read(saved(tmp_path, {"labels": np.linspace(0, 1, N)}), inputs)
    assert not data.labelled
    assert first_batch(data.split("train"), 3)["labels"].shape == (3,)


def test_a_model_of_images_takes_prepared_ones(tmp_path):
    preprocess = Preprocess(size=(8, 8), mean=(0.5,), std=(0.5,))
    inputs = (TensorSpec(name="x", dtype="float32", shape=(1, 8, 8)),)
    values = np.random.default_rng(0).random((N, 1, 8, 8), np.float32)
    part = read(saved(tmp_path, {"x": values}), inputs, preprocess=preprocess).split("evaluation")
    row = int(part.ids[0].removeprefix("row-")) - 1
    assert np.array_equal(first_batch(part, 1)["x"][0], values[row])


SHAPE = r"'{}' has the shape \[{}\].*Save one array for each input.*ids int64 \(N, tokens\)"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"mask": None}, "no array for the input 'mask'"),
        ({"other": np.zeros(N)}, "'other' is no input of the model.*scale float32"),
        ({"ids": np.zeros((N, TOKENS, 1), int)}, SHAPE.format("ids", "40, 5, 1")),
        ({"ids": np.zeros(N, int)}, SHAPE.format("ids", "40")),
        ({"image": np.zeros((N, 4, 4, 6))}, SHAPE.format("image", "40, 4, 4, 6")),
        ({"image": np.zeros((N, 3, 0, 6))}, SHAPE.format("image", "40, 3, 0, 6")),
        ({"scale": np.zeros(N)}, SHAPE.format("scale", "40")),
        ({"mask": np.ones((N, 6), int)}, "the axis 'tokens' has the length 6 in the array 'mask' and 5 in another"),
        ({"short": np.zeros((39, 2))}, "different numbers of examples.*image 40, short 39"),
        ({"ids": np.zeros((N, TOKENS))}, "'ids' is of float64, and the input takes int64"),
        ({"image": np.zeros((N, 3, 4, 6), complex)}, "'image' is of complex128"),
        ({"image": np.full((N, 3, 4, 6), "a")}, "'image' is of <U1"),
        ({"image": np.full((N, 3, 4, 6), np.nan)}, "'image' has values that are NaN or infinite: 2,880 of 2,880"),
        ({"scale": np.inf}, "'scale' has values that are NaN or infinite: 1 of 1"),
        ({"image": np.full((N, 3, 4, 6), 1e39)}, r"'image' has values from 1e\+39 to 1e\+39, and .* float32"),
        ({"short": np.full((N, 2), 2049)}, "'short' has values from 2,049 to 2,049, and the input takes float16"),
        ({"mask": np.full((N, TOKENS), 2)}, "'mask' has values from 2 to 2, and the input takes bool"),
        ({"ids": np.full((N, TOKENS), 2**63, np.uint64)}, "the input takes int64"),
        ({"ids": np.full((N, TOKENS), 30)}, "'ids' has values from 30 to 30, and the table .* 30 rows"),
        ({"labels": np.arange(N) % 9}, "the labels go from 0 to 8, and the model has 8 outputs"),
        ({"labels": np.arange(N) - 1}, "the labels go from -1 to 38"),
        ({"labels": np.zeros(N, int)}, "all examples have the label 0"),
        ({"labels": np.zeros(N)}, r"'labels' is float64 of shape \[40\]"),
        ({"labels": np.zeros((N, 1), int)}, r"'labels' is int64 of shape \[40, 1\]"),
        ({"image": np.array([{}] * N)}, "'image' cannot be read.*never loaded"),
    ],
)
def test_arrays_that_are_not_the_models_inputs_are_refused(tmp_path, changed, message):
    source = saved(tmp_path, arrays(**changed))
    with pytest.raises(DataError, match=message):
        read(source, work=tmp_path / "work", n_outputs=8)
    assert [*(tmp_path / "work").iterdir()] == []


@pytest.mark.parametrize(("count", "message"), [(1, "1 example, and 2 to"), (41, "41 examples, and 2 to 40")])
def test_the_number_of_examples_is_bounded(tmp_path, monkeypatch, count, message):
    monkeypatch.setattr("engine.data.arrays.MAX_EXAMPLES", 40)
    inputs = (TensorSpec(name="x", dtype="float32", shape=()),)
    with pytest.raises(DataError, match=message):
        read(saved(tmp_path, {"x": np.zeros(count)}), inputs)


@pytest.mark.parametrize("dtype", ["bfloat16", "string", "str", "object", "complex64"])
def test_an_input_of_no_numbers_cannot_be_given(tmp_path, dtype):
    inputs = (TensorSpec(name="x", dtype=dtype, shape=()),)
    with pytest.raises(DataError, match=f"'x' takes {dtype}"):
        read(saved(tmp_path, {"x": np.zeros(N)}), inputs)


@pytest.mark.parametrize("source", [SampleData(), ImagesData(path="x")])
def test_images_for_a_model_that_takes_none_are_refused_with_its_inputs(source):
    with pytest.raises(
        DataError, match=r"takes no images: its inputs are ids int64 \(N, tokens\).*data.kind: arrays.*"
    ):
        read(source)


def test_what_needs_images_says_that_the_data_is_arrays(tmp_path):
    data = read(saved(tmp_path, arrays()))
    with pytest.raises(DataError, match="the data is arrays, and this needs images"):
        data.images("train")


def npy(values: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values, allow_pickle=True)
    return stream.getvalue()


def header(text: str, version: bytes = b"\x01\x00") -> bytes:
    return b"\x93NUMPY" + version + len(text).to_bytes(2 if version[0] == 1 else 4, "little") + text.encode()


def zipped(path: Path, *entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)


class Command:
    """Runs a command where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


X = (TensorSpec(name="x", dtype="float32", shape=()),)
GOOD = npy(np.zeros(N, np.float32))


def declared(shape: str, dtype: str = "'<f4'") -> bytes:
    return header(f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}}}")


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([], "no array for the input 'x'"),
        ([("x.npy", GOOD), ("notes.txt", b"hello")], "holds 'notes.txt', which is no array"),
        ([("x.npy", GOOD), ("../x.npy", GOOD)], r"'\.\./x' is no input"),
        ([("x.npy", GOOD), ("x.npy", GOOD)], "holds the array 'x' twice"),
        ([("x.npy", b"")], "'x' cannot be read"),
        ([("x.npy", GOOD[:40])], "'x' cannot be read"),
        ([("x.npy", GOOD[:-1])], "'x' cannot be read"),
        ([("x.npy", b"PK\x03\x04" + GOOD)], "'x' cannot be read"),
        ([("x.npy", declared("(4000000000,)"))], "'x' cannot be read"),
        ([("x.npy", declared("(4294967296, 4294967296, 4294967296)"))], "'x' cannot be read"),
        ([("x.npy", declared("(-2,)"))], "'x' cannot be read"),
        ([("x.npy", declared("(2,", "'<f4'"))], "'x' cannot be read"),
        ([("x.npy", declared("(2,)", "()"))], "'x' cannot be read"),
        ([("x.npy", declared("(2,)", "[[]]"))], "'x' cannot be read"),
        ([("x.npy", declared("(2,)", "'|O'"))], "'x' cannot be read"),
        ([("x.npy", header("("))], "'x' cannot be read"),
        ([("x.npy", header("(" * 9000))], "'x' cannot be read"),
        ([("x.npy", header("{[]: 1}"))], "'x' cannot be read"),
        ([("x.npy", header("{}", b"\x09\x00"))], "'x' cannot be read"),
        ([("x.npy", declared("(2,)", "[('a', '<f4'), ('b', '<i4')]") + bytes(16))], "'x' is of "),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_hostile_npz_is_refused(tmp_path, entries, message):
    zipped(tmp_path / "inputs.npz", *entries)
    refuse(tmp_path, message)


def refuse(folder: Path, message: str) -> None:
    """The .npz in the folder is refused for a model of one float, and nothing is left."""
    before = sorted(folder.iterdir())
    with pytest.raises(DataError, match=message):
        read(ArraysData(path=str(folder / "inputs.npz")), X, work=folder)
    assert sorted(folder.iterdir()) == before


def test_a_pickle_is_never_loaded(tmp_path):
    touched = tmp_path / "touched"
    zipped(tmp_path / "inputs.npz", ("x.npy", npy(np.array([Command(touched)] * N))))
    refuse(tmp_path, "'x' cannot be read.*never loaded")
    zipped(tmp_path / "inputs.npz", ("x.npy", pickle.dumps(Command(touched))))
    refuse(tmp_path, "'x' cannot be read")
    assert not touched.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no .npz file"),
        (b"<html>", "is no .npz file"),
        (GOOD, "is one array without the name of an input.*numpy.savez"),
        (pickle.dumps([1]), "is no .npz file"),
    ],
)
def test_a_file_that_is_no_npz_is_named_as_what_it_is(tmp_path, content, message):
    (tmp_path / "inputs.npz").write_bytes(content)
    refuse(tmp_path, message)


def test_a_damaged_npz_is_refused(tmp_path):
    zipped(tmp_path / "inputs.npz", ("x.npy", GOOD))
    content = (tmp_path / "inputs.npz").read_bytes()
    for position in range(0, len(content), 3):
        (tmp_path / "inputs.npz").write_bytes(content[:position] + b"\xff\xfe\xfd" + content[position + 3 :])
        with suppress(DataError):  # a byte of a value or of a date harms nothing
            read(ArraysData(path=str(tmp_path / "inputs.npz")), X, work=tmp_path)


@pytest.mark.parametrize(
    ("limit", "value", "message"),
    [("MAX_BYTES", 1_000_000, "the arrays have 0.0 GB"), ("MAX_ARRAYS", 1, "the file has 2 arrays, at most 1")],
)
def test_what_an_npz_declares_is_bounded_before_it_is_read(tmp_path, monkeypatch, limit, value, message):
    np.savez_compressed(tmp_path / "inputs.npz", x=np.zeros(N), y=np.zeros(1_000_000))
    monkeypatch.setattr(npz, limit, value)
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *arguments: pytest.fail("it was read"))
    refuse(tmp_path, message)


def test_a_bomb_in_a_compression_that_numpy_never_writes_is_refused(tmp_path):
    zipped(tmp_path / "inputs.npz", ("x.npy", GOOD), method=zipfile.ZIP_LZMA)
    refuse(tmp_path, "'x' is compressed in a way that numpy never uses")


def test_an_entry_that_declares_less_than_it_holds_is_refused(tmp_path):
    zipped(tmp_path / "inputs.npz", ("x.npy", GOOD + bytes(5_000_000)))
    content = (tmp_path / "inputs.npz").read_bytes()
    size = len(GOOD + bytes(5_000_000)).to_bytes(4, "little")
    assert content.count(size) == 2
    (tmp_path / "inputs.npz").write_bytes(content.replace(size, len(GOOD).to_bytes(4, "little")))
    refuse(tmp_path, "inputs.npz' cannot be read")


@pytest.mark.parametrize("place", ["absent.npz", ".", "x" * 5000, "a\0b"])
def test_a_path_without_a_file_is_refused(tmp_path, place):
    with pytest.raises(DataError):
        read(ArraysData(path=str(tmp_path / place)), X, work=tmp_path)


def test_a_sum_alone_names_an_upload_that_has_to_be_here():
    with pytest.raises(DataError, match="no arrays with the SHA-256"):
        read(ArraysData(sha256="a" * 64))


def test_a_network_of_images_gets_them_from_their_array(tmp_path):
    inputs = (TensorSpec(name="image", dtype="float64", shape=(1, 8, 8)),)
    values = np.random.default_rng(0).random((N, 1, 8, 8))
    data = read(saved(tmp_path, {"image": values}), inputs)
    images = data.first_images(3)
    assert images.dtype == np.float32
    row = int(data.split("evaluation").ids[2].removeprefix("row-")) - 1
    assert np.allclose(images[2], values[row])
