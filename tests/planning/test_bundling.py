"""Which variant is packed where none is named."""

import pytest

from engine.errors import RequestError
from engine.planning.bundling import bundle_request
from engine.results import Note, codes
from tests.made import INT8, made_report


def test_the_recommended_one_is_packed_and_nothing_while_the_run_is_undecided(tmp_path):
    report = made_report()
    for variant in report.variants:
        file = tmp_path / variant.file
        file.parent.mkdir(parents=True)
        file.write_bytes(b"onnx")
    path = tmp_path / "report.json"
    path.write_text(report.model_dump_json())
    assert bundle_request(tmp_path, "digits", (), "noise").variants == (INT8,)
    reason = Note(code=codes.NOT_MEASURED, text="other programs were busy")
    undecided = report.recommended.model_copy(update={"id": report.baseline.id, "reason": reason})
    path.write_text(report.model_copy(update={"recommended": undecided}).model_dump_json())
    with pytest.raises(RequestError, match="the run recommends nothing, and no variant is named"):
        bundle_request(tmp_path, "digits", (), "noise")
