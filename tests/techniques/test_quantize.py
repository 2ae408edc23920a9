import pytest
from onnxruntime.quantization import QuantType

from engine.settings import QuantizeStatic
from engine.techniques.quantize import choose_scheme

STATIC = QuantizeStatic(method="static")


@pytest.mark.parametrize(
    ("isa", "activations", "reduce_range", "reason"),
    [
        (("sse4_2", "avx2", "avx512_vnni"), QuantType.QUInt8, False, "has VNNI"),
        (("sse4_2", "avx2", "avx_vnni"), QuantType.QUInt8, False, "has VNNI"),
        (("sse4_2", "avx2", "avx512f"), QuantType.QUInt8, True, "no VNNI"),
        (("asimd", "asimddp"), QuantType.QInt8, False, "no x86"),
    ],
)
def test_the_scheme_follows_the_processor_and_says_why(isa, activations, reduce_range, reason):
    scheme = choose_scheme(STATIC, isa)
    assert (scheme.activations, scheme.reduce_range) == (activations, reduce_range)
    assert reason in scheme.note.text


def test_what_the_recipe_sets_wins():
    settings = QuantizeStatic(method="static", activations="signed", reduce_range=True)
    scheme = choose_scheme(settings, ("avx512_vnni",))
    assert (scheme.activations, scheme.reduce_range) == (QuantType.QInt8, True)
    assert "as set in the recipe" in scheme.note.text
