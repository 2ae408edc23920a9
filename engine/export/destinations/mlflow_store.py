"""Logs variants to an MLflow tracking server: a run for the report, and below it one for each variant."""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from engine.errors import RequestError
from engine.export.destinations.run_files import VariantModel, report_files
from engine.results import Report, Variant
from engine.settings.export_job import MlflowDestination

PACKAGE = "pip install --editable '.[mlflow]'"
RUN_TAG, PARENT_TAG, VARIANT_TAG = "featherweight.run_id", "mlflow.parentRunId", "featherweight.variant_id"
MAX_PARAM_LETTERS = 500
"""Longer values are refused by older servers."""
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}
OnFile = Callable[[int, int, str], None]


def log_run(
    report: Report,
    name: str,
    models: Sequence[VariantModel],
    destination: MlflowDestination,
    *,
    overwrite: bool,
    on_file: OnFile,
) -> tuple[str, bool]:
    """Log the variants with their settings, figures and files; the run's address, and whether one was replaced.

    Where anything fails the runs that were begun are deleted again. Raises RequestError where the experiment has this
    run already and `overwrite` is false, and where the server refuses or cannot be reached.
    """
    with _failures(destination):
        client = _client(destination)
        experiment = client.get_experiment_by_name(destination.experiment)
        id = experiment.experiment_id if experiment else client.create_experiment(destination.experiment)
        former = client.search_runs([id], f"tags.\"{RUN_TAG}\" = '{report.run_id}'")
        if former and not overwrite:
            raise RequestError(
                f"the experiment '{destination.experiment}' has the run '{report.run_id}' already",
                "Choose another experiment, or allow that it is replaced",
            )
        begun: list[str] = []
        try:
            parent = _log_all(client, id, report, name, models, begun, on_file)
        except BaseException:
            for run in reversed(begun):
                with suppress(OSError, _mlflow_error()):
                    client.delete_run(run)
            raise
        for run in former:
            client.delete_run(run.info.run_id)
    return f"{destination.tracking_uri}#/experiments/{id}/runs/{parent}", bool(former)


def _log_all(
    client: Any,
    experiment: str,
    report: Report,
    name: str,
    models: Sequence[VariantModel],
    begun: list[str],
    on_file: OnFile,
) -> str:
    """The id of the run that holds the others; `begun` grows by every run."""
    parent = client.create_run(experiment, tags={RUN_TAG: report.run_id}, run_name=name).info.run_id
    begun.append(parent)
    with tempfile.TemporaryDirectory() as directory:
        for file, content in report_files(report, name).items():
            path = Path(directory) / file
            path.write_bytes(content if isinstance(content, bytes) else content.read_bytes())
            client.log_artifact(parent, str(path))
    for number, model in enumerate(models):
        on_file(number, len(models), model.variant.label)
        tags = {PARENT_TAG: parent, RUN_TAG: report.run_id, VARIANT_TAG: model.variant.id}
        run = client.create_run(experiment, tags=tags, run_name=model.variant.label).info.run_id
        begun.append(run)
        for key, value in params(report, model.variant).items():
            client.log_param(run, key, value)
        for key, figure in metrics(model.variant).items():
            client.log_metric(run, key, figure)
        client.log_artifact(run, str(model.path))
        client.set_terminated(run)
    client.set_terminated(parent)
    return str(parent)


def params(report: Report, variant: Variant) -> dict[str, str]:
    """What the variant is, as text: its technique, its settings and its target."""
    settings = variant.settings.model_dump(mode="json") if variant.settings else {}
    target = report.target_of(variant).model_dump(mode="json", exclude_none=True)
    values: Mapping[str, object] = {
        "model": report.recipe.model.title,
        "technique": variant.technique,
        "label": variant.label,
        "sha256": variant.sha256,
        "cpu": report.latency_cpu,
        **{f"settings.{key}": value for key, value in settings.items() if value is not None},
        **{f"target.{key}": value for key, value in target.items()},
    }
    return {key: str(value)[:MAX_PARAM_LETTERS] for key, value in values.items()}


def metrics(variant: Variant) -> dict[str, float]:
    """What was measured, units in the names; each estimate with the ends of its 95 % interval (_low, _high)."""
    figures: dict[str, float | None] = {
        "size_bytes": variant.size_bytes,
        "parameters": variant.parameters,
        "macs": variant.macs,
    }
    if (latency := variant.latency) is not None:
        figures |= {"latency_p50_ms": latency.p50_ms, "latency_p95_ms": latency.p95_ms, "speedup": latency.speedup}
        figures |= {"speedup_low": latency.speedup_low, "speedup_high": latency.speedup_high}
        figures |= {f"latency_p50_ms_{latency.other_buffers}_buffers": latency.other_buffers_p50_ms}
    if (throughput := variant.throughput) is not None:
        figures |= {"images_per_s": throughput.images_per_s}
        figures |= {"images_per_s_low": throughput.low, "images_per_s_high": throughput.high}
    if (accuracy := variant.accuracy) is not None:
        figures |= {"top1": accuracy.top1, "top1_low": accuracy.low, "top1_high": accuracy.high, "top5": accuracy.top5}
    if (fidelity := variant.fidelity) is not None:
        figures |= {"similarity_to_baseline": fidelity.similarity, "sqnr_db": fidelity.sqnr_db}
    if (comparison := variant.comparison) is not None:
        figures |= {"drop": comparison.drop, "drop_low": comparison.low, "drop_high": comparison.high}
    return {name: float(figure) for name, figure in figures.items() if figure is not None}


def _client(destination: MlflowDestination) -> Any:
    """MLflow's client, which reports no usage from here and gives up in time."""
    for key, value in _QUIET.items():
        os.environ.setdefault(key, value)
    try:
        from mlflow import MlflowClient
    except ImportError as error:
        raise RequestError("the package mlflow-skinny is not installed", f"Run {PACKAGE}") from error
    return MlflowClient(tracking_uri=destination.tracking_uri, registry_uri=destination.tracking_uri)


def _mlflow_error() -> type[Exception]:
    from mlflow.exceptions import MlflowException

    kind: type[Exception] = MlflowException
    return kind


@contextmanager
def _failures(destination: MlflowDestination) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise RequestError(
            f"'{destination.tracking_uri}' needs a package that is not installed ({error.name})",
            "Install it, or name an MLflow server (http://…)",
        ) from error
    except OSError as error:
        raise RequestError(
            f"MLflow at '{destination.tracking_uri}' cannot be reached: {error.strerror or type(error).__name__}",
            "Check the address and the network",
        ) from error
    except RequestError:
        raise
    except _mlflow_error() as error:
        raise RequestError(
            f"MLflow at '{destination.tracking_uri}' refuses, or cannot be reached: {_first_line(error)}",
            "Check the address, the network, and the credentials in MLFLOW_TRACKING_USERNAME and the like",
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
