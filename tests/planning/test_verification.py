"""What a bundle found elsewhere is read like any upload: figures that do not follow from one another are refused."""

import json

import pytest

from engine.errors import NotFoundError, RequestError
from engine.planning.verification import MOST_BYTES, check_verification, parse_verification
from tests.made import made_report
from tests.made_card_report import ON_CARD, made_card_report
from tests.made_verification import made_result


def read(**changed):
    return parse_verification(json.dumps(made_result(**changed)).encode())


def test_what_verify_writes_is_read_and_finds_its_variant():
    assert check_verification(read(), made_report()).label == "Static INT8"
    without = read(latency=None)
    assert without.latency is None
    assert check_verification(read(latency__threads=8, latency__ratio_to_measured=None), made_report())


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"latency__p50_ms": -4.0}, "latency.p50_ms"),
        ({"latency__low_ms": 4.05}, "is not between"),
        ({"latency__p50_ms": 3.0, "latency__low_ms": 2.9}, "not among the rounds"),
        ({"latency__p95_ms": 3.0}, "below the p50"),
        ({"latency__round_medians_ms": [4.0, 4.0]}, "round_medians_ms"),
        ({"checks__2__n_equal": 7}, "7 of 8 equal images do not fit"),
        ({"checks__3__worst_difference": 0.5}, "does not fit passed=True"),
        ({"checks__3__worst_difference": None}, "does not fit passed=True"),
        ({"checks__1__passed": False}, "does not fit its checks"),
        ({"checks": made_result()["checks"][:2]}, "a check is missing"),
        ({"checks": made_result()["checks"][:1] * 2}, "a check is there twice"),
        ({"bundle__variant_sha256": "no sum"}, "bundle.variant_sha256"),
        ({"bundle__run": "../../etc"}, "bundle.run"),
        ({"created": "yesterday"}, "is no time"),
        ({"created": "2999-01-01T00:00:00+00:00"}, "in the future"),
        ({"hardware__cores": 0}, "hardware.cores"),
        ({"more": 1}, "unknown key 'more'"),
    ],
)
def test_a_result_that_cannot_be_is_refused_with_the_reason(changed, reason):
    with pytest.raises(RequestError, match=reason):
        read(**changed)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff\xfe", b"{" * 100_000, b" " * (MOST_BYTES + 1)])
def test_anything_else_is_no_result(content):
    with pytest.raises(RequestError, match=r"no JSON|no result|bytes, at most"):
        parse_verification(content)


@pytest.mark.parametrize(
    ("changed", "kind", "reason"),
    [
        ({"bundle__variant": "f" * 12}, NotFoundError, "has no variant"),
        ({"bundle__variant_sha256": "f" * 64}, RequestError, "of another file than"),
        ({"runtime": "openvino", "provider": "CPU"}, RequestError, "bundle runs in onnxruntime"),
        ({"latency__ratio_to_measured": 0.5}, RequestError, "its own p50 of 4 ms gives 4"),
        ({"latency__threads": 8}, RequestError, "no latency with 8 threads to compare with"),
    ],
)
def test_a_result_that_does_not_fit_the_run_is_refused(changed, kind, reason):
    with pytest.raises(kind, match=reason):
        check_verification(read(**changed), made_report())


def test_of_calls_that_a_bundle_does_not_make_no_ratio_is_taken():
    bound = made_card_report(target=ON_CARD.model_copy(update={"bound": True}))
    with pytest.raises(RequestError, match="no latency with 2 threads to compare with"):
        check_verification(read(provider=ON_CARD.provider), bound)
    captured = made_card_report(target=ON_CARD.model_copy(update={"cuda_graph": True}))
    assert check_verification(read(provider=ON_CARD.provider), captured)
