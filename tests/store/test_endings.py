import pytest

from engine.errors import Cancelled, DataError, LimitError, RequestError
from engine.settings import HardwareRequest, RunRequest
from engine.store.endings import error_outcome, raise_for, settle
from engine.store.folders import JobFile, JobFolder, Outcome, now


@pytest.fixture
def folder(tmp_path, recipe) -> JobFolder:
    folder = JobFolder(tmp_path, tmp_path / "request.json")
    folder.write_request(JobFile(id="a" * 12, kind="run", name="a", created=now(), request=RunRequest(recipe=recipe)))
    return folder


@pytest.mark.parametrize(("error", "began", "state", "status"), [
    (DataError("no", "do"), False, "failed", 2),
    (DataError("no", "do"), True, "failed", 1),
    (LimitError("no", "do"), False, "failed", 1),
    (Cancelled("no", "do"), True, "cancelled", 130),
])  # fmt: skip
def test_state_and_exit_status_of_an_error(error, began, state, status):
    outcome = error_outcome(error, now(), began=began)
    assert (outcome.state, outcome.exit_status, outcome.next) == (state, status, "do")


def test_a_refusal_comes_back_as_the_error_it_was():
    with pytest.raises(RequestError, match="no") as caught:
        raise_for(error_outcome(DataError("no", "do"), now(), began=False))
    assert (caught.value.code, caught.value.exit_status) == ("data", 2)
    with pytest.raises(Cancelled):
        raise_for(error_outcome(Cancelled("no"), now(), began=True))
    raise_for(error_outcome(LimitError("no"), now(), began=True))


def test_a_run_that_died_at_once_has_a_report_with_the_reason(folder):
    settle(folder, error_outcome(LimitError("too long", "do less", code="time"), now(), began=True))
    report = folder.report()
    assert report.state == "failed"
    assert [(failure.code, failure.message, failure.branch) for failure in report.failures] == [
        ("time", "too long", None)
    ]
    assert folder.outcome().state == "failed"


def test_a_refused_run_has_no_report(folder):
    settle(folder, error_outcome(DataError("no"), now(), began=False))
    assert folder.report() is None


def test_what_was_finished_stays_in_the_report(folder, recipe):
    settle(folder, Outcome(state="cancelled", exit_status=130, finished=now()))
    kept = folder.report()
    settle(folder, error_outcome(LimitError("too long"), now(), began=True))
    assert folder.report().created == kept.created
    assert folder.report().state == "failed"


def test_an_analysis_has_no_report(tmp_path):
    folder = JobFolder(tmp_path, tmp_path / "request.json")
    folder.write_request(JobFile(id="a" * 12, kind="hardware", name="a", created=now(), request=HardwareRequest()))
    settle(folder, error_outcome(LimitError("too long"), now(), began=True))
    assert folder.report() is None
    assert folder.outcome() is not None


def test_a_damaged_description_still_gets_an_outcome(tmp_path):
    folder = JobFolder(tmp_path, tmp_path / "request.json")
    folder.request_file.write_text("{")
    settle(folder, error_outcome(LimitError("too long"), now(), began=True))
    assert folder.outcome().state == "failed"
