"""A finished run of two small classifiers whose files are really there, for what races before an audience."""

import hashlib

from engine.jobs.claims import Claims
from engine.jobs.queue import Queue
from engine.results import InputSpec, Job
from engine.settings import Preprocess, RunRequest
from engine.store.folders import Outcome, now
from engine.store.home import Home
from tests.made import BASE, INT8, RECIPE, made_report, made_variant
from tests.models.small import small_classifier

SMALL = Preprocess(size=(8, 8), mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))


def run_of_small_files(home: Home, **changed) -> Job:
    """A run without data, whose baseline and variant are the same network; `changed` are fields of its report."""
    queue = Queue(home)
    recipe = RECIPE.model_copy(update={"data": None})
    job = queue.submit(RunRequest(recipe=recipe), name="small files")
    Claims(queue, "test/1").claim("run")
    folder, content = home.job(job.id), small_classifier().SerializeToString()
    variants = []
    for id, label in ((BASE, "Baseline"), (INT8, "Static INT8")):
        path = folder.path / "variants" / id / "model.onnx"
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        variants.append(
            made_variant(
                id,
                label,
                labelled=False,
                file=f"variants/{id}/model.onnx",
                sha256=hashlib.sha256(content).hexdigest(),
                input=InputSpec(shape=(3, 8, 8), preprocess=SMALL),
            )
        )
    values = {"run_id": job.id, "labelled": False, "recipe": recipe, "data": None} | changed
    folder.write("report.json", made_report(*variants, **values))
    queue.finish(job.id, Outcome(state="done", exit_status=0, started=now(), finished=now()))
    return queue.job(job.id)
