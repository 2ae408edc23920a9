"""The form of the target: the runtime, and a precision where the runtime has a choice of it."""

from engine import Target
from pages._ui.draft import sample, to_link

CHOICE = "Floats are computed in"


def labels(at):
    return [box.label for box in (*at.selectbox, *at.button_group)]


def test_openvino_offers_its_precision_and_onnxruntime_forgets_it(app):
    at = app("pages/optimize.py", draft=to_link(sample().replace(target=Target(runtime="openvino", precision="f32"))))
    assert CHOICE in labels(at)
    assert "OpenVINO in f32, " in " ".join(expander.label for expander in at.expander)
    (runtime,) = (box for box in (*at.selectbox, *at.button_group) if box.label == "Runtime")
    runtime.set_value("onnxruntime").run()
    assert not at.exception
    assert CHOICE not in labels(at)
    assert "onnxruntime, " in " ".join(expander.label for expander in at.run().expander)
