"""Hostile model files, a function a kind: each is written into a folder of its own, which is all that it may touch."""

import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

DOUBLINGS, CHAIN = 28, 3000
GIGABYTES = 2_200_000_000
"""More than one ONNX file can hold."""
Write = Callable[[Path], object]


def network(nodes=(), initializers=(), functions=(), output="y") -> onnx.ModelProto:
    """(n, 3, 16, 16) -> (n, 2), with further nodes and initializers that nothing uses."""
    weight = np.random.default_rng(0).normal(size=(768, 2)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Flatten", ["x"], ["flat"]),
            helper.make_node("MatMul", ["flat", "w"], [output]),
            *nodes,
        ],
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 16, 16])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2])],
        [numpy_helper.from_array(weight, "w"), *initializers],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("f", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, functions=list(functions))


def saved(model: onnx.ModelProto) -> Write:
    return lambda path: path.write_bytes(model.SerializeToString())


def function(name: str, *called: str) -> onnx.FunctionProto:
    inner = [f"t{position}" for position in range(len(called))] + ["b"]
    nodes = [
        helper.make_node(one, [inner[position - 1] if position else "a"], [inner[position]], domain="f")
        for position, one in enumerate(called)
    ]
    last = inner[len(called) - 1] if called else "a"
    nodes.append(helper.make_node("Identity", [last], ["b"]))
    return helper.make_function(
        "f", name, ["a"], ["b"], nodes, [helper.make_opsetid("", 17), helper.make_opsetid("f", 1)]
    )


def calling(functions) -> onnx.ModelProto:
    return network([helper.make_node("f0", ["logits"], ["y"], domain="f")], functions=functions, output="logits")


def doubling() -> onnx.ModelProto:
    names = [f"f{index}" for index in range(DOUBLINGS)]
    inner = [function(name, follower, follower) for name, follower in pairwise(names)]
    return calling([*inner, function(names[-1])])


def chain(n: int) -> onnx.ModelProto:
    return calling([*(function(f"f{index}", f"f{index + 1}") for index in range(n)), function(f"f{n}")])


def nested_if(depth: int) -> onnx.ModelProto:
    def branch(level: int) -> onnx.GraphProto:
        node = helper.make_node("Identity", ["logits"], [f"o{level}"])
        if level < depth:
            node = choice(level)
        return helper.make_graph([node], f"g{level}", [], [helper.make_tensor_value_info(f"o{level}", 1, None)])

    def choice(level: int) -> onnx.NodeProto:
        other = helper.make_graph(
            [helper.make_node("Identity", ["logits"], [f"e{level}"])],
            f"h{level}",
            [],
            [helper.make_tensor_value_info(f"e{level}", 1, None)],
        )
        return helper.make_node("If", ["yes"], [f"o{level}"], then_branch=branch(level + 1), else_branch=other)

    top = choice(0)
    top.output[0] = "y"
    return network([top], [numpy_helper.from_array(np.array(True), "yes")], output="logits")


def constants(*values) -> list[onnx.TensorProto]:
    return [numpy_helper.from_array(np.array(value, np.int64), f"c{index}") for index, value in enumerate(values)]


def long_range() -> onnx.ModelProto:
    return network([helper.make_node("Range", ["c0", "c1", "c2"], ["r"])], constants(0, 2**40, 1))


def nested_tile() -> onnx.ModelProto:
    names = ["c0", *(f"t{index}" for index in range(8))]
    nodes = [helper.make_node("Tile", [old, "c1"], [new]) for old, new in pairwise(names)]
    return network(nodes, constants([1, 2], [100]))


def filled(op_type: str) -> onnx.ModelProto:
    inputs = ["c0"] if op_type == "ConstantOfShape" else ["c1", "c0"]
    return network([helper.make_node(op_type, inputs, ["big"])], constants([2**20, 2**20], 1))


def grown(op_type: str) -> onnx.ModelProto:
    """Makes terabytes out of the shape of its input, which is known only once it runs."""
    shape, grown_shape = helper.make_node("Shape", ["x"], ["s"]), helper.make_node("Mul", ["s", "c0"], ["t"])
    nodes = {
        "ConstantOfShape": [helper.make_node("ConstantOfShape", ["t"], ["big"])],
        "Expand": [helper.make_node("Expand", ["f0", "t"], ["big"])],
        "Range": [
            helper.make_node("ReduceProd", ["t"], ["n"], keepdims=0),
            helper.make_node("Range", ["zero", "n", "one"], ["r"]),
            helper.make_node("Cast", ["r"], ["big"], to=TensorProto.FLOAT),
        ],
    }[op_type]
    sum_up = [
        helper.make_node("ReduceSum", ["big"], ["sum"], keepdims=0),
        helper.make_node("Add", ["logits", "sum"], ["y"]),
    ]
    scalars = [numpy_helper.from_array(np.array(value, np.int64), name) for name, value in (("zero", 0), ("one", 1))]
    weights = [*constants([2**11] * 4), *scalars, numpy_helper.from_array(np.zeros(1, np.float32), "f0")]
    return network([shape, grown_shape, *nodes, *sum_up], weights, output="logits")


def endless_loop() -> onnx.ModelProto:
    """Adds the class scores to themselves 2^62 times."""
    values = [
        helper.make_tensor_value_info("i", TensorProto.INT64, []),
        helper.make_tensor_value_info("goes", TensorProto.BOOL, []),
        helper.make_tensor_value_info("a", TensorProto.FLOAT, ["n", 2]),
    ]
    outputs = [
        helper.make_tensor_value_info("goes_on", TensorProto.BOOL, []),
        helper.make_tensor_value_info("b", TensorProto.FLOAT, ["n", 2]),
    ]
    nodes = [helper.make_node("Identity", ["goes"], ["goes_on"]), helper.make_node("Neg", ["a"], ["b"])]
    body = helper.make_graph(nodes, "body", values, outputs)
    loop = helper.make_node("Loop", ["trips", "yes", "logits"], ["y"], body=body)
    trips = numpy_helper.from_array(np.array(2**62, np.int64), "trips")
    return network([loop], [trips, numpy_helper.from_array(np.array(True), "yes")], output="logits")


def tensor(**changed: object) -> onnx.ModelProto:
    """One initializer of four floats, with these fields changed."""
    one = numpy_helper.from_array(np.zeros(4, np.float32), "odd")
    if "dims" in changed:
        del one.dims[:]
        one.dims.extend(changed["dims"])
    if "data_type" in changed:
        one.data_type = changed["data_type"]
    return network(initializers=[one])


def external(location: str = "w.data", *, n: int = 1, **entries: object) -> onnx.ModelProto:
    """`n` initializers that lie in another file."""
    tensors = []
    for index in range(n):
        one = onnx.TensorProto(name=f"e{index}", data_type=TensorProto.FLOAT, dims=[4], data_location=1)
        for key, value in {"location": location, "offset": 0, "length": 16, **entries}.items():
            one.external_data.add(key=key, value=str(value))
        tensors.append(one)
    return network(initializers=tensors)


def sparse(path: Path, n_bytes: int) -> None:
    """A file of zeros that takes no room on the disk."""
    with path.open("wb") as file:
        file.truncate(n_bytes)


def with_data(n_bytes: int, model: onnx.ModelProto) -> Write:
    """The model with a file of so many zeros beside it."""

    def write(path: Path) -> None:
        sparse(path.parent / "w.data", n_bytes)
        saved(model)(path)

    return write


def over_two_gigabytes() -> onnx.ModelProto:
    model = external(length=GIGABYTES)
    del model.graph.initializer[-1].dims[:]
    model.graph.initializer[-1].dims.append(GIGABYTES // 4)
    return model


def linked(path: Path, link: Callable[[Path, Path], None]) -> None:
    (path.parent / "secret.data").write_bytes(b"secret" * 4)
    link(path.parent / "secret.data", path.parent / "w.data")
    saved(external())(path)


def not_text() -> onnx.ModelProto:
    content = network([helper.make_node("Relu", ["y"], ["QQQQ"])]).SerializeToString()
    return onnx.ModelProto.FromString(content.replace(b"QQQQ", b"\xff\xfe\xfd\xfc"))


def wrong_graph(change: Callable[[onnx.GraphProto], object]) -> onnx.ModelProto:
    model = network()
    change(model.graph)
    return model


class Command:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def archive(path: Path, *names: str) -> None:
    with zipfile.ZipFile(path, "w") as file:
        for name in names:
            file.writestr(f"m/{name}", b"x")


def deflated(path: Path) -> None:
    """A state dict of 100 MB whose archive was compressed to 97 kB."""
    whole = path.with_name("whole")
    torch.save({"a": torch.zeros(25_000_000)}, whole)
    with zipfile.ZipFile(whole) as stored, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for one in stored.namelist():
            file.writestr(one, stored.read(one))
    whole.unlink()


def overlapping(path: Path) -> None:
    """An archive whose entries all lie over the same bytes: its list of contents is written a thousand times."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("m/data/0", bytes(100_000))
    content = path.read_bytes()
    start = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x05\x06")
    entries = content[start:end] * 1000
    counts = struct.pack("<HHHHIIH", 0, 0, 1000, 1000, len(entries), start, 0)
    path.write_bytes(content[:start] + entries + b"PK\x05\x06" + counts)


def safetensors(header: bytes, content: bytes = b"", n_header: int | None = None) -> Write:
    length = len(header) if n_header is None else n_header
    return lambda path: path.write_bytes(struct.pack("<Q", length) + header + content)


def entry(start: int, end: int, shape: str = "[2]", name: str = "a") -> bytes:
    return f'"{name}":{{"dtype":"F32","shape":{shape},"data_offsets":[{start},{end}]}}'.encode()


ONNX: dict[str, tuple[Write, str]] = {
    "empty": (lambda path: path.write_bytes(b""), "is empty"),
    "cut": (lambda path: path.write_bytes(network().SerializeToString()[:900]), "cut off"),
    "random": (lambda path: path.write_bytes(np.random.default_rng(1).bytes(3000)), "'m.onnx' "),
    "html": (lambda path: path.write_text("<!DOCTYPE html>"), "a web page"),
    "lfs": (lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\n"), "Git LFS pointer"),
    "outside": (saved(external("../secret")), "not a file beside it"),
    "absolute": (saved(external("/etc/passwd")), "not a file beside it"),
    "endless": (saved(external("/dev/zero")), "not a file beside it"),
    "symlink": (lambda path: linked(path, lambda old, new: new.symlink_to(old)), "behind a link"),
    "hard link": (lambda path: linked(path, lambda old, new: new.hardlink_to(old)), "hard link"),
    "missing data": (saved(external()), "Also upload 'w.data'"),
    "data cut off": (with_data(8, external()), "bytes 0 to 16 of a file of 8"),
    "offset beyond": (with_data(16, external(offset=2**40, length=16)), "more than 50 GB"),
    "over 2 GB": (lambda path: sparse(path, GIGABYTES), "holds at most 2 GB"),
    "over 2 GB beside it": (with_data(GIGABYTES, over_two_gigabytes()), "at most 2 GB can be read"),
    "negative offset": (saved(external(offset=-8)), "impossible place"),
    "negative length": (saved(external(length=-8)), "impossible place"),
    "length 2^50": (saved(external(length=2**50)), "more than 50 GB"),
    "one file, 1,000 tensors": (saved(external(n=1000)), "the same bytes"),
    "fifo": (os.mkfifo, "no file"),
    "doubling functions": (saved(doubling()), "once its functions are written out"),
    "a chain of functions": (saved(chain(CHAIN)), "more than 100 deep"),
    "a cycle of functions": (saved(calling([function("f0", "f1"), function("f1", "f0")])), "calls itself"),
    "a range": (saved(long_range()), "out of constants alone ('Range')"),
    "nested tiles": (saved(nested_tile()), "out of constants alone ('Tile')"),
    "a shape": (saved(filled("ConstantOfShape")), "out of constants alone ('ConstantOfShape')"),
    "an expansion": (saved(filled("Expand")), "out of constants alone ('Expand')"),
    "lying dims": (saved(tensor(dims=[4000])), "does not fit its bytes"),
    "negative dims": (saved(tensor(dims=[-4])), "impossible shape"),
    "overflowing dims": (saved(tensor(dims=[2**32, 2**32])), "impossible shape"),
    "unknown type": (saved(tensor(data_type=77)), "unknown type"),
    "unknown operator": (saved(wrong_graph(lambda graph: graph.node.add(op_type="Nope", output=["z"]))), "Nope"),
    "opset 99": (saved(helper.make_model(network().graph, opset_imports=[helper.make_opsetid("", 99)])), "opset up to"),
    "a cycle": (saved(wrong_graph(lambda graph: graph.node[0].input.__setitem__(0, "y"))), "cannot load"),
    "an output twice": (saved(wrong_graph(lambda graph: graph.node[0].output.__setitem__(0, "y"))), "cannot load"),
    "an undefined input": (saved(wrong_graph(lambda graph: graph.node[0].input.__setitem__(0, "q"))), "cannot load"),
    "no nodes": (saved(wrong_graph(lambda graph: graph.ClearField("node"))), "no ONNX graph"),
    "no outputs": (saved(wrong_graph(lambda graph: graph.ClearField("output"))), "no ONNX graph"),
    "names that are no text": (saved(not_text()), "no text"),
}
WEIGHTS: dict[str, tuple[str, Write, str]] = {
    "a command": ("pt", lambda path: path.write_bytes(pickle.dumps(Command(path.parent / "ran"), 2)), "Python objects"),
    "a module": ("pt", lambda path: torch.save(torch.nn.Linear(2, 2), path), "Python objects"),
    "TorchScript": ("pt", lambda path: archive(path, "constants.pkl", "data.pkl"), "TorchScript"),
    "an exported program": ("pt", lambda path: archive(path, "archive_format", "byteorder"), "exported program"),
    "a pt2": ("pt2", lambda path: archive(path, "byteorder"), "exported program"),
    "a list": ("pt", lambda path: torch.save([1, 2], path), "no weights by name"),
    "an empty dict": ("pt", lambda path: torch.save({}, path), "no weights by name"),
    "a deflate bomb": ("pt", deflated, "compressed archive"),
    "entries that overlap": ("pt", overlapping, "compressed archive"),
    "an expanded tensor": (
        "pt",
        lambda path: torch.save({"a": torch.zeros(1).expand(2**40)}, path),
        "more values than are stored (a)",
    ),
    "a huge header": ("safetensors", safetensors(b"{}", n_header=2**60), "not a whole safetensors file"),
    "an overlap": (
        "safetensors",
        safetensors(b"{" + entry(0, 8) + b"," + entry(4, 12, name="b") + b"}", bytes(12)),
        "not a whole safetensors file",
    ),
    "out of range": ("safetensors", safetensors(b"{" + entry(0, 800, "[200]") + b"}", bytes(8)), "not a whole"),
    "a name twice": ("safetensors", safetensors(b"{" + entry(0, 8) + b"," + entry(0, 8) + b"}", bytes(8)), "twice"),
    "bad JSON": ("safetensors", safetensors(b"{nope"), "not a whole safetensors file"),
    "negative": ("safetensors", safetensors(b"{" + entry(-8, 0) + b"}", bytes(8)), "not a whole safetensors file"),
}
