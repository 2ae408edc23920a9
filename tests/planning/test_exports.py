"""Which class of hardware a machine is, and which export that wants."""

import pytest

from engine.planning.exports import export_advice, machine_class, suited_exports
from engine.results import Hardware, Provider
from tests.made_machine import MACHINE


@pytest.mark.parametrize(
    ("isa", "name", "export"),
    [
        (("avx2", "avx512_vnni", "amx_int8", "amx_bf16"), "CPU with AMX", "BF16"),
        (("avx2", "avx512_vnni"), "CPU with VNNI", "static INT8"),
        (("avx2", "avx_vnni"), "CPU with VNNI", "static INT8"),
        (("avx2",), "CPU with AVX2, no VNNI", "reduced range"),
    ],
)
def test_the_class_of_a_processor_has_an_export(isa, name, export):
    assert machine_class(MACHINE.model_copy(update={"isa": isa})) == name
    (advice,) = [one for one in export_advice() if one.hardware == name]
    assert export in advice.export
    assert advice.evidence


def test_a_processor_of_another_kind_is_in_no_class():
    assert machine_class(MACHINE.model_copy(update={"isa": ("asimd", "asimddp")})) is None


@pytest.mark.parametrize(("works", "classes"), [(True, ["GPU with CUDA", "CPU with VNNI"]), (False, ["CPU with VNNI"])])
def test_what_suits_a_machine_begins_with_a_card_that_works(works, classes):
    card = Provider(runtime="onnxruntime", name="CUDAExecutionProvider", works=works, reason="")
    hardware = Hardware(environment=MACHINE, providers=(card,), gpus=())
    assert [one.hardware for one in suited_exports(hardware)] == classes


def test_a_cpu_with_bf16_has_the_races_that_fp32_won_there():
    (advice,) = [one for one in export_advice() if one.hardware == "CPU with VNNI"]
    assert "won 4 of 12 races, 1.45 to 1.96 times as fast as FP32" in advice.why
