"""Whether variants of a run can race before an audience, and the request of a worker that lets them."""

from collections.abc import Sequence
from pathlib import Path

from engine.errors import NotFoundError, RequestError
from engine.results import Refusal, Report, Variant, report_measure
from engine.settings import ArraysData
from engine.settings.live_race import MOST_LANES, LiveRaceLane, LiveRaceRequest
from engine.store.folders import JobFolder


def live_race_refusal(report: Report) -> Refusal | None:
    """Why a run's variants cannot answer photos side by side; None where they can."""
    baseline = report.baseline
    if baseline is None:
        return Refusal(message="the run has no variant that could race", next="Run its recipe again")
    if baseline.input.preprocess is None:
        return Refusal(message="its model takes no images, which is what races here", next="Choose a run on images")
    if report_measure(report) not in (None, "agreement"):
        return Refusal(
            message="its model gives no class for an image, and a race compares classes",
            next="Results shows how close its variants are; choose the run of a classifier here",
        )
    if isinstance(report.recipe.data, ArraysData):
        return Refusal(
            message="its images came as arrays that were prepared elsewhere, so that a photo cannot be prepared alike",
            next="Choose a run on images",
        )
    return None


def live_race_request(report: Report, folder: JobFolder, variant_ids: Sequence[str]) -> LiveRaceRequest:
    """The request for the baseline and these variants, in the report's order.

    Raises RequestError where they cannot race, where there are too many, or where a file is gone.
    """
    refusal, baseline = live_race_refusal(report), report.baseline
    if refusal is not None or baseline is None or baseline.input.preprocess is None:
        refusal = refusal or Refusal(message="the run has no baseline that takes images", next="Choose another run")
        raise RequestError(refusal.message, refusal.next)
    known = {one.id for one in report.main_variants}
    if unknown := [id for id in variant_ids if id not in known]:
        raise NotFoundError(f"the run has no variant '{unknown[0]}'", "Choose among its variants")
    lanes = [one for one in report.main_variants if one.id == baseline.id or one.id in variant_ids]
    if len(lanes) > MOST_LANES:
        raise RequestError(
            f"{len(lanes)} lanes were asked for, at most {MOST_LANES} race at once", "Choose fewer variants"
        )
    return LiveRaceRequest(
        lanes=tuple(_lane(report, one, folder) for one in lanes),
        preprocess=baseline.input.preprocess,
        data=report.recipe.data,
        split=report.recipe.split,
        seed=report.recipe.seed,
        merge_train=not report.recipe.trains,
        class_names=report.data.classes if report.data is not None else None,
        evaluation_sha256=report.data.evaluation_sha256 if report.data is not None and report.recipe.data else None,
        **_judged(baseline, folder),
    )


def _lane(report: Report, variant: Variant, folder: JobFolder) -> LiveRaceLane:
    return LiveRaceLane(
        variant_id=variant.id,
        label=variant.label,
        file=str(folder.file(variant.file).absolute()),
        sha256=variant.sha256,
        output=variant.output,
        target=report.target_of(variant),
    )


def _judged(baseline: Variant, folder: JobFolder) -> dict[str, object]:
    """The file of the baseline's answers, and how many of them were right, where its labels were known."""
    path = (folder.path / Path(baseline.file).parent / "predictions.npz").absolute()
    if baseline.accuracy is None or not path.is_file():
        return {}
    return {"predictions": str(path), "n_right": round(baseline.accuracy.top1 * baseline.accuracy.n_images)}
