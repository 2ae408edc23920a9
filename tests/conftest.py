"""What many tests share: a home of their own, and one run of the sample that all read and none changes."""

import math
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from engine.results import Event, Report
from engine.settings import Recipe, RunRequest, Target, parse_recipe
from engine.store.folders import JobFile, JobFolder, now
from engine.store.home import Home
from engine.store.progress import Progress
from engine.system.machine import n_cuda_cards, runtime_distributions
from tests.drawn_weights import draw_again

ALONE = (
    "analyses/test_advise.py",
    "analyses/test_detect.py",
    "analyses/test_layer_errors.py",
    "analyses/test_profile.py",
    "analyses/test_sensitivity.py",
    "cli/test_cli.py",
    "e2e/",
    "export/bundle/",
    "export/serving/",
    "gpu/",
    "jobs/test_executor.py",
    "jobs/test_supervisor.py",
    "live_race/test_worker.py",
    "planning/test_learnt_estimates.py",
    "run/test_branch.py",
    "run/test_distributed.py",
    "run/test_pipeline.py",
    "run/test_remeasure.py",
    "run/test_step_runner.py",
    "search/test_race.py",
    "search/test_races.py",
    "search/test_ratio.py",
    "system/test_sandbox.py",
    "techniques/prune/test_table.py",
    "test_bad_input.py",
    "test_confined.py",
    "test_runner.py",
)
"""What begins like this below tests/ times networks, bounds a job's time or drives a browser: one after the other, with
nothing beside."""
HEAVY = (
    "agents/",
    "catalogue/test_catalogue.py",
    "export/",
    "models/test_graph.py",
    "models/test_hub.py",
    "models/test_sample.py",
    "pages/test_leaving.py",
    "pages/test_pages.py",
    "techniques/prune/test_channel.py",
    "techniques/prune/test_living.py",
    "techniques/quantize/test_qat.py",
    "techniques/quantize/test_qat_network.py",
    "techniques/test_all.py",
    "techniques/test_distill.py",
    "techniques/test_finetune.py",
    "techniques/test_swap.py",
    "test_refusals.py",
    "training/test_loop.py",
    "training/test_state.py",
    "training/test_students.py",
)
"""What else takes seconds, since it exports, trains or starts processes: side by side, and not among the quick ones."""
N_ROUNDS = 12
"""As many as the pipeline times in."""
SAMPLE_RECIPE = """
version: 1
name: digits to int8
model: {kind: sample, name: digits}
data: {kind: sample, name: digits}
steps:
  - {technique: quantize, method: static}
"""


@dataclass(frozen=True)
class Ran:
    """A finished run with all that it left."""

    report: Report
    folder: JobFolder
    events: tuple[Event, ...]


NOT_RUN = pytest.StashKey[str]()
"""Why tests that need a graphics card were left out."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks what is quick and what runs alone; what needs a graphics card is left out where there is none."""
    of_a_card = [item for item in items if item.get_closest_marker("gpu")]
    if of_a_card and (reason := no_card()):
        config.stash[NOT_RUN] = f"{len(of_a_card)} tests on a graphics card were not run: {reason}"
        config.hook.pytest_deselected(items=of_a_card)
        items[:] = [item for item in items if item not in of_a_card]
    for item in items:
        path = item.path.relative_to(Path(__file__).parent).as_posix()
        if path.startswith(ALONE):
            item.add_marker("alone")
        elif not path.startswith(HEAVY):
            item.add_marker("quick")


def no_card() -> str:
    """Why nothing can run on an NVIDIA card here; empty where it can."""
    if not n_cuda_cards():
        return "the driver lists no NVIDIA card"
    return "" if "onnxruntime-gpu" in runtime_distributions() else "onnxruntime-gpu is not installed"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if reason := config.stash.get(NOT_RUN, ""):
        terminalreporter.write_line(reason, yellow=True)


def pytest_collectstart() -> None:
    """A module has the same weights, whichever was imported before."""
    draw_again()


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[object]) -> None:
    """What tests share has the same weights, whichever of them asked for it first and whatever ran before."""
    if fixturedef.scope != "function":
        draw_again()


@pytest.fixture(autouse=True)
def same_weights() -> None:
    """Every test draws the same weights, whichever ran before it."""
    draw_again()


@pytest.fixture(autouse=True)
def own_signal_handlers() -> Iterator[None]:
    """Takes back the handlers that a command line or a supervisor in this process has set: they outlive it else."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)}
    yield
    for number, handler in handlers.items():
        if signal.getsignal(number) is not handler:
            signal.signal(number, handler)


@pytest.fixture
def home(tmp_path, monkeypatch) -> Home:
    """A home of its own, which the environment names too."""
    monkeypatch.setenv("FEATHERWEIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("FEATHERWEIGHT_DATABASE_URL", raising=False)
    home = Home.default()
    home.prepare()
    return home


@pytest.fixture
def recipe() -> Recipe:
    return parse_recipe("{model: {kind: sample}, data: {kind: sample}, steps: [{technique: quantize, method: static}]}")


@pytest.fixture(scope="session")
def with_baseline(tmp_path_factory) -> Path:
    """A cache that holds the sample's ONNX file and its predictions, and nothing else: making these takes seconds."""
    home = Home(tmp_path_factory.mktemp("baseline"))
    home.prepare()
    carry_out(parse_recipe("{model: {kind: sample}, data: {kind: sample}, steps: []}"), home.path / "run", home)
    return home.cache


@pytest.fixture(scope="session", autouse=True)
def every_call_counts() -> Iterator[None]:
    """No test depends on what else this machine does; those of the calls themselves set the tolerance again."""
    from engine.measure import calls

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calls, "TOLERANCE", math.inf)
        patch.setattr(calls, "STOLEN_TOLERANCE", math.inf)
        yield


@pytest.fixture(scope="session")
def shared_home(tmp_path_factory, with_baseline) -> Home:
    home = Home(tmp_path_factory.mktemp("home"))
    home.prepare()
    shutil.copytree(with_baseline, home.cache, dirs_exist_ok=True)
    return home


@pytest.fixture
def ready_home(home, with_baseline) -> Home:
    """A home of its own in which only the sample's baseline was made before."""
    shutil.copytree(with_baseline, home.cache, dirs_exist_ok=True)
    return home


def carry_out(recipe: Recipe, path: Path, home: Home, n_rounds: int = 3) -> Ran:
    """The pipeline in this process, on a folder of its own.

    It times in few rounds, N_ROUNDS where somebody looks at the latencies themselves.
    """
    from engine.run import pipeline

    path.mkdir(parents=True)
    folder = JobFolder(path, path.with_name(f"{path.name}.json"))
    folder.work.mkdir()
    folder.write_request(
        JobFile(id=path.name, kind="run", name=recipe.name, created=now(), request=RunRequest(recipe=recipe)),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "time_files", partial(pipeline.time_files, n_rounds=n_rounds))
        report = pipeline.run(recipe, folder, Progress(folder), home)
    return Ran(report, folder, folder.events())


@pytest.fixture(scope="session")
def raced_run(tmp_path_factory, shared_home) -> Ran:
    """The sample simplified, in every runtime that this machine has."""
    recipe = parse_recipe(SAMPLE_RECIPE.replace("quantize, method: static", "simplify"))
    recipe = recipe.model_copy(update={"target": Target(runtime="any", threads=1)})
    return carry_out(recipe, tmp_path_factory.mktemp("runs") / "raced", shared_home)


@pytest.fixture(scope="session")
def sample_run(tmp_path_factory, shared_home) -> Ran:
    folder = tmp_path_factory.mktemp("runs") / "sample"
    return carry_out(parse_recipe(SAMPLE_RECIPE), folder, shared_home, N_ROUNDS)
