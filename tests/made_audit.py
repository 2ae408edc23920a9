"""A DataAudit made by hand."""

from engine.results import CHECKS, CheckName, CheckResult, ClassFigures, DataAudit, DataSummary, Finding

EXAMPLES: dict[CheckName, Finding] = {
    "leak": Finding(
        id="val/cat/3.png",
        split="evaluation",
        label="cat",
        other_id="train/cat/1.png",
        other_split="train",
        picture="leak-00.jpg",
        other_picture="leak-00-other.jpg",
    ),
    "label": Finding(
        id="val/cat/4.png", split="evaluation", label="cat", likely_label="dog", figure=0.9, picture="label-00.jpg"
    ),
}


def made_audit(**changed: object) -> DataAudit:
    """360 images with 12 leaks by bytes and 3 by look, 2 likely label errors and 4 blank images; most are grey."""
    counts: dict[CheckName, int] = {"leak": 12, "near_leak": 3, "label": 2, "blank": 4, "grey": 200}
    checks = tuple(
        CheckResult(
            name=name,
            n_found=counts.get(name, 0),
            usual=name == "grey",
            examples=(EXAMPLES[name],) if name in EXAMPLES else (),
        )
        for name in CHECKS
    )
    values: dict[str, object] = {
        "summary": DataSummary(
            n_train=200,
            n_calibration=40,
            n_evaluation=100,
            n_holdout=0,
            n_skipped=0,
            classes=("cat", "dog", "owl"),
            evaluation_sha256="c" * 64,
            n_leaked=12,
        ),
        "n_images": 360,
        "checks": checks,
        "classes": (
            ClassFigures(name="cat", n_images=180, n_evaluation=50, width=0.27),
            ClassFigures(name="dog", n_images=172, n_evaluation=48, width=0.28),
            ClassFigures(name="owl", n_images=8, n_evaluation=2, width=0.81),
        ),
        "width": 0.19,
        "n_without_leaks": 85,
        "n_labels_checked": 360,
    }
    return DataAudit.model_validate({**values, **changed})
