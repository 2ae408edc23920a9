"""Exports to MLflow's own server."""

import threading
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from engine.analyses.export import export
from engine.errors import RequestError
from engine.planning.exporting import export_request
from engine.settings import MlflowDestination
from engine.store.folders import JobFolder
from engine.store.progress import Progress
from tests.made import BASE, INT8
from tests.made_run import made_run

pytestmark = pytest.mark.slow  # MLflow takes seconds to import and more to make its database


@pytest.fixture
def server(tmp_path, monkeypatch):
    """MLflow's tracking server on a database of its own; its address."""
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("_MLFLOW_SERVER_FILE_STORE", f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.setenv("_MLFLOW_SERVER_ARTIFACT_DESTINATION", str(tmp_path / "artifacts"))
    monkeypatch.setenv("_MLFLOW_SERVER_ARTIFACT_ROOT", "mlflow-artifacts:/")
    monkeypatch.setenv("_MLFLOW_SERVER_SERVE_ARTIFACTS", "true")
    from mlflow.server import app

    serving = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{serving.server_port}"
    serving.shutdown()
    thread.join()


def test_a_run_for_the_report_and_one_for_each_variant(server, tmp_path, monkeypatch):
    from mlflow import MlflowClient

    report, folder = made_run(tmp_path / "run"), JobFolder(tmp_path / "job")
    folder.path.mkdir()

    def send(*, overwrite: bool = False):
        place = MlflowDestination(tracking_uri=server, experiment="digits")
        request = export_request(tmp_path / "run", "digits", place, (BASE, INT8), overwrite=overwrite)
        return export(request, folder, Progress(folder))

    def runs():
        return client.search_runs([client.get_experiment_by_name("digits").experiment_id])

    client = MlflowClient(tracking_uri=server)
    send()
    logged = {run.data.tags.get("featherweight.variant_id"): run for run in runs()}
    assert set(logged) == {None, BASE, INT8}
    parent, int8 = logged[None], logged[INT8]
    assert int8.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert int8.data.metrics["speedup"] == report.variant(INT8).latency.speedup
    assert [run.info.status for run in logged.values()] == ["FINISHED"] * 3
    assert {file.path for file in client.list_artifacts(parent.info.run_id)} >= {"report.html", "report.json"}
    copy = client.download_artifacts(int8.info.run_id, "model.onnx", str(tmp_path))
    assert Path(copy).read_bytes() == (tmp_path / "run" / "variants" / INT8 / "model.onnx").read_bytes()
    with pytest.raises(RequestError, match="already"):
        send()
    assert send(overwrite=True).replaced
    assert len(runs()) == 3
    monkeypatch.setattr("engine.export.destinations.mlflow_store.metrics", lambda variant: {"bad name?": 1.0})
    with pytest.raises(RequestError, match="refuses"):
        send(overwrite=True)
    assert {run.info.run_id for run in runs()}.isdisjoint({parent.info.run_id})
    assert len(runs()) == 3


def test_a_server_that_is_not_there_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    made_run(tmp_path / "run")
    folder = JobFolder(tmp_path / "job")
    folder.path.mkdir()
    place = MlflowDestination(tracking_uri="http://127.0.0.1:9")
    with pytest.raises(RequestError, match="cannot be reached"):
        export(export_request(tmp_path / "run", "x", place, (BASE,), overwrite=False), folder, Progress(folder))
