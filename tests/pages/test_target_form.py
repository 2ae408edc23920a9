"""The form of the target: the runtime, a provider that works here, and the options that this provider has alone."""

import pytest

from engine import Hardware, HardwareRequest, Provider, Target, analyse
from engine.settings.target import CUDA
from engine.system.machine import cores, environment
from pages._ui.draft import sample, to_link
from pages._ui.optimize.target_view import title

CHOICE = "Floats are computed in"
CPU = "CPUExecutionProvider"
OPTIONS = {
    "onnxruntime": {"Idle threads keep looking for work", "Exact 8-bit sums without VNNI"},
    "openvino": {CHOICE, "Streams"},
    CUDA: {"TF32", "Channels last (NHWC)", "CUDA graph", "Images are on the card already", "Card"},
}
PROVIDERS = (
    Provider(runtime="onnxruntime", name="TensorrtExecutionProvider", works=False, reason="libnvinfer is missing"),
    Provider(runtime="onnxruntime", name=CUDA, works=True, reason=""),
    Provider(runtime="onnxruntime", name="XnnpackExecutionProvider", works=True, reason="", tested=False),
    Provider(runtime="onnxruntime", name=CPU, works=True, reason=""),
    Provider(runtime="openvino", name="CPU", works=True, reason=""),
)


def labels(at):
    return {box.label for box in (*at.selectbox, *at.button_group, *at.number_input, *at.toggle)}


def titles(at):
    return " ".join(expander.label for expander in at.expander)


def opened(app, **target):
    return app("pages/optimize.py", draft=to_link(sample().replace(target=Target(**target))))


def box(at, label):
    (found,) = (box for box in (*at.selectbox, *at.button_group) if box.label == label)
    return found


@pytest.mark.parametrize(
    ("target", "name"), [({}, "onnxruntime"), ({"runtime": "openvino"}, "openvino"), ({"provider": CUDA}, CUDA)]
)
def test_only_the_options_of_the_provider_are_drawn(app, target, name):
    of_others = {label for other, some in OPTIONS.items() if other != name for label in some}
    shown = labels(opened(app, **target))
    assert shown >= OPTIONS[name]
    assert not shown & of_others


def test_openvino_offers_its_precision_and_onnxruntime_forgets_it(app):
    at = opened(app, runtime="openvino", precision="f32", streams=1)
    assert "OpenVINO, floats in f32, 1 stream, " in titles(at)
    box(at, "Runtime").set_value("onnxruntime").run()
    assert not at.exception
    assert CHOICE not in labels(at)
    assert "onnxruntime, " in titles(at.run())


def test_streams_above_the_threads_are_refused_beside_their_field(app):
    at = opened(app, runtime="openvino")
    (streams,) = (one for one in at.number_input if one.label == "Streams")
    streams.set_value(cores() + 1).run()
    assert any(f"{cores() + 1} is not possible" in one.value for one in at.markdown)


def test_providers_are_looked_for_on_request(app, queue):
    at = opened(app)
    assert "Provider" not in labels(at)
    (button,) = (one for one in at.button if "graphics cards" in one.label)
    button.click().run()
    assert not at.exception
    (job,) = queue.jobs("hardware")
    assert job.state == "queued"


def test_providers_that_work_are_offered_and_those_of_another_kind_marked(app, answer):
    analyse(HardwareRequest())
    answer(Hardware(environment=environment(), providers=PROVIDERS, gpus=("H200",)))
    at = opened(app)
    assert [one.split(" (")[0] for one in box(at, "Provider").options] == [CPU, CUDA, "XnnpackExecutionProvider"]
    assert "not tested by us" in box(at, "Provider").options[2]
    box(at, "Provider").select(CUDA).run()
    assert labels(at) >= OPTIONS[CUDA]
    assert f"onnxruntime, {CUDA}, " in titles(at.run())
    box(at, "Runtime").set_value("openvino").run()
    assert "Provider" not in labels(at)
    assert "OpenVINO, " in titles(at.run())


def test_a_provider_that_has_gone_says_so_in_the_menu(app, answer):
    analyse(HardwareRequest())
    answer(Hardware(environment=environment(), providers=PROVIDERS, gpus=()))
    at = opened(app, provider="TensorrtExecutionProvider")
    assert box(at, "Provider").options[-1] == "TensorrtExecutionProvider (does not work here: libnvinfer is missing)"
    at = opened(app, provider="CoreMLExecutionProvider")
    assert box(at, "Provider").options[-1] == "CoreMLExecutionProvider (not on this machine)"


def test_providers_are_looked_for_again_where_one_does_not_work(app, answer, queue):
    analyse(HardwareRequest())
    broken = [one.model_copy(update={"works": one.name == CPU}) for one in PROVIDERS]
    answer(Hardware(environment=environment(), providers=tuple(broken), gpus=()))
    at = opened(app)
    assert "Provider" not in labels(at)
    (button,) = (one for one in at.button if one.label == "Look again")
    assert "TensorrtExecutionProvider: libnvinfer is missing" in button.help
    button.click().run()
    assert not at.exception
    (job,) = queue.jobs("hardware")
    assert job.state == "queued"
    assert at.query_params["hardware"].endswith(job.id)


def test_there_is_nothing_to_look_for_again_where_all_works(app, answer):
    analyse(HardwareRequest())
    answer(Hardware(environment=environment(), providers=PROVIDERS, gpus=("H200",)))
    assert "Look again" in {one.label for one in opened(app).button}
    assert "Look again" not in {one.label for one in opened(app, runtime="openvino").button}


def test_what_is_not_installed_is_neither_offered_nor_looked_for_again(app, answer):
    analyse(HardwareRequest())
    absent = Provider(runtime="openvino", name="GPU", works=False, reason="no such device", available=False)
    answer(Hardware(environment=environment(), providers=(*PROVIDERS, absent), gpus=()))
    at = opened(app, runtime="openvino")
    assert "Provider" not in labels(at)
    assert "Look again" not in {one.label for one in at.button}
    at = opened(app, runtime="openvino", provider="GPU")
    assert box(at, "Provider").options[-1] == "GPU (does not work here: no such device)"


def test_a_title_names_what_is_not_as_by_itself():
    target = Target(provider=CUDA, threads=1, tf32=False, cuda_graph=True, device_id=1)
    assert title(target) == f"onnxruntime, {CUDA}, without TF32, as a CUDA graph, card 1, 1 thread, batch size 1"
    assert title(Target(threads=2)) == "onnxruntime, 2 threads, batch size 1"
