"""What a technique that changes an ONNX file is given: the file as a model, a few noisy images, a folder."""

from dataclasses import replace

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

from engine.context import StepContext
from engine.data import load
from engine.models.graph import read_onnx
from engine.settings import Split
from tests.made_contexts import made_context

CPU = ["CPUExecutionProvider"]


def classifier(
    nodes, constants, *, opset=20, batch="batch", values=(), functions=(), n_classes=4, kind=TensorProto.FLOAT
):
    """`image` (batch, 3, 8, 8) to `logits` (batch, n_classes); nodes are made, or (op, inputs, output, attributes)."""
    made = [node if isinstance(node, onnx.NodeProto) else named(*node) for node in nodes]
    graph = helper.make_graph(
        made,
        "given",
        [helper.make_tensor_value_info("image", kind, [batch, 3, 8, 8])],
        [helper.make_tensor_value_info("logits", kind, [batch, n_classes])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
        value_info=list(values),
    )
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(one.domain, 1) for one in functions)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10, functions=functions)


def named(op, inputs, output, attributes=None, domain=""):
    return helper.make_node(op, inputs, [output], name=f"{op} for {output}", domain=domain, **(attributes or {}))


def given(proto, folder):
    """The model and a context whose folder is empty; the images are noise."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "given.onnx"
    onnx.save(proto, path)
    model = read_onnx(path)
    data = load(None, Split(), model.preprocess, 0, merge_train=True, n_outputs=model.n_outputs)
    (folder / "made").mkdir()
    return model, made_context(StepContext, data, folder / "made")


def again(context, name, **changed):
    """The same with another folder."""
    folder = context.folder.parent / name
    folder.mkdir()
    return replace(context, folder=folder, **changed)


def outputs(path, n=3, batch=None, kind=np.float32):
    session = ort.InferenceSession(path, providers=CPU)
    images = np.random.default_rng(1).standard_normal((batch or n, 3, 8, 8)).astype(kind)
    (logits,) = session.run(["logits"], {"image": images})
    return logits


def operators(path):
    return [node.op_type for node in onnx.load(path).graph.node]
