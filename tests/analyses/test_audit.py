"""An audit of images that have something wrong with them, from the request to the files in the job's folder."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.analyses.audit import audit
from engine.analyses.findings import N_EXAMPLES
from engine.data.samples import digits
from engine.errors import DataError
from engine.measure.statistics import wilson
from engine.results import Event
from engine.results.audit import CHECKS, FINDINGS_FILE, DataAudit
from engine.settings import ArraysData, AuditRequest, ImagesData, SampleModel, TimmModel
from engine.store.folders import JobFolder
from engine.store.progress import Progress


@pytest.fixture
def folder(home, tmp_path: Path) -> JobFolder:
    (tmp_path / "job").mkdir()
    return JobFolder(tmp_path / "job")


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Digits, 12 a class to train on and 6 to evaluate on; 3 of these train as well, and one has another's label."""
    pool, root, n_seen = digits(), tmp_path / "images", np.zeros(10, int)
    for index, label in enumerate(pool.labels):
        number = int(n_seen[label])
        n_seen[label] += 1
        if number < 18:
            split, name = ("train" if number < 12 else "val"), str((label + 1) % 10 if index == 100 else label)
            path = root / split / name / f"{index:04d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            pool.read(index).save(path)
    for path in sorted((root / "train" / "7").iterdir())[:3]:
        shutil.copy(path, root / "val" / "7" / f"copy-{path.name}")
    return root


def asked(request: AuditRequest, folder: JobFolder) -> tuple[DataAudit, list[Event]]:
    events: list[Event] = []
    return audit(request, folder, Progress(events.append)), events


def of(path: Path, **values: object) -> AuditRequest:
    return AuditRequest.parse({"data": {"kind": "images", "path": str(path)}, **values})


def test_leaks_are_found_with_pictures_and_in_the_csv(images: Path, folder: JobFolder):
    result, events = asked(of(images), folder)
    leak = result.check("leak")
    assert {finding.id.split("/")[-1][:5] for finding in leak.examples} == {"copy-"}
    assert leak.n_found == result.summary.n_leaked == 3
    for finding in leak.examples:
        assert (finding.split, finding.label, finding.other_split in ("train", "calibration")) == (
            "evaluation",
            "7",
            True,
        )
        assert finding.other_id == finding.id.replace("val/7/copy-", "train/7/")
        with Image.open(folder.path / finding.picture) as one, Image.open(folder.path / finding.other_picture) as other:
            assert np.array_equal(np.asarray(one), np.asarray(other))
    with (folder.path / FINDINGS_FILE).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows if row["check"] == "leak"] == [finding.id for finding in leak.examples]
    assert len(rows) == sum(check.n_findings for check in result.checks)
    assert [event.fraction for event in events] == sorted(event.fraction for event in events)
    assert DataAudit.model_validate_json(result.model_dump_json()) == result


def test_left_out_they_are_gone(images: Path, folder: JobFolder):
    leaky, _ = asked(of(images), folder)
    data = ImagesData(path=str(images), leave_out="near_duplicates")
    result, _ = asked(AuditRequest(data=data), folder)
    assert result.n_leaks == 0
    assert result.summary.n_left_out == leaky.n_leaks >= 3
    assert result.n_images == leaky.n_images - leaky.n_leaks
    assert result.n_without_leaks == leaky.n_without_leaks == 63 - leaky.n_leaks


def test_a_model_finds_the_label_that_is_wrong(images: Path, folder: JobFolder):
    (wrong,) = images.rglob("0100.png")
    truth = str(digits().labels[100])
    result, _ = asked(of(images, model=SampleModel()), folder)
    first = result.check("label").examples[0]
    assert (first.id, first.label, first.likely_label) == (str(wrong.relative_to(images)), wrong.parent.name, truth)
    assert result.no_labels is None
    assert result.n_labels_checked == result.n_images


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({}, "no_model"),
        ({"model": TimmModel(name="test_resnet", weights="random", num_classes=10)}, "random_weights"),
        ({"model": SampleModel(), "data": {"labels": "none"}}, "unlabelled"),
        ({"model": SampleModel(), "data": {"classes": tuple("1234567890")}}, "no_better_than_chance"),
    ],
)
def test_labels_are_not_judged_by_what_cannot_know_better(images: Path, folder: JobFolder, changed, code):
    data = {"kind": "images", "path": str(images), **changed.get("data", {})}
    if code == "unlabelled":
        data["path"] = str(images / "train")
    result, _ = asked(AuditRequest.parse({**changed, "data": data}), folder)
    assert (result.no_labels.code, result.n_labels_checked, result.check("label").n_found) == (code, 0, 0)


def test_classes_say_what_so_few_images_can(images: Path, folder: JobFolder):
    for path in list((images / "train" / "3").iterdir()):
        path.unlink()
    for path in list((images / "val" / "3").iterdir())[1:]:
        path.unlink()
    result, _ = asked(of(images), folder)
    three = next(one for one in result.classes if one.name == "3")
    assert (three.n_images, three in result.rare) == (1, True)
    assert result.too_few[0].n_evaluation <= 1
    low, high = wilson(result.summary.n_evaluation // 2, result.summary.n_evaluation)
    assert result.width == high - low


def test_many_findings_are_counted_and_the_first_drawn(tmp_path: Path, folder: JobFolder):
    rng = np.random.default_rng(0)
    (tmp_path / "x").mkdir()
    for index in range(30):
        level = 255 if index < 24 else 20
        pixels = rng.integers(0, 256, (32, 32, 3)) * level // 255
        Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "x" / f"{index}.png")
    for index in range(14):
        Image.new("RGB", (32, 32), (index, 9, 9)).save(tmp_path / "x" / f"blank-{index}.png")
    result, _ = asked(
        of(tmp_path / "x", data={"kind": "images", "path": str(tmp_path / "x"), "labels": "none"}), folder
    )
    blank = result.check("blank")
    assert (blank.n_found, len(blank.examples)) == (14, N_EXAMPLES)
    assert len(list(folder.path.glob("blank-*.jpg"))) == N_EXAMPLES
    assert {check.name for check in result.checks} == set(CHECKS)


def test_names_that_are_formulas_are_not_carried_out(tmp_path: Path, folder: JobFolder):
    (tmp_path / "x").mkdir()
    for index in range(6):
        pixels = np.random.default_rng(index).integers(0, 256, (32, 32, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "x" / f"{index}.png")
    Image.new("RGB", (32, 32)).save(tmp_path / "x" / "=1+1.png")
    asked(AuditRequest(data=ImagesData(path=str(tmp_path / "x"), labels="none")), folder)
    assert "\ndark,'=1+1.png," in (folder.path / FINDINGS_FILE).read_text(encoding="utf-8")


def test_arrays_have_no_looks(folder: JobFolder):
    with pytest.raises(DataError, match="only images can be looked at"):
        asked(AuditRequest(data=ArraysData(path="/x.npz")), folder)
