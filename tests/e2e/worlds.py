"""An app over a home in which runs have ended in every way, and where a walk over its pages begins."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock
from playwright.sync_api import Page

from engine.settings import Finetune, PruneChannel, QuantizeAuto, SampleData
from engine.store.home import Home
from pages._ui.cards import of_chain
from pages._ui.draft import Draft, to_link
from pages._ui.draft import sample as sample_draft
from tests.e2e.homes import TIMM, Lived, fill
from tests.e2e.serving import App
from tests.e2e.walk import Walk

PAGES = ("", "model", "data", "optimize", "runs", "results", "compare", "ship", "machine")


@dataclass(frozen=True)
class World:
    """An app over a home in which runs have ended in every way, and nothing runs any more."""

    app: App
    lived: Lived
    template: Path

    @property
    def drafts(self) -> dict[str, str]:
        """What may have been chosen, as the word of an address."""
        lived, chain = self.lived, of_chain([PruneChannel(), Finetune(), QuantizeAuto()])
        chosen = {
            "sample": sample_draft(),
            "file": Draft(model=lived.good_file, synthetic=True),
            "refused file": Draft(model=lived.bad_file, data=SampleData()),
            "timm": Draft(model=TIMM, data=SampleData()),
            "own images": sample_draft().replace(data=lived.zip),
            "chain": sample_draft().replace(cards=chain),
        }
        return {name: to_link(draft) for name, draft in chosen.items()}

    def addresses(self) -> list[str]:
        """Where a walk begins: every page, with every kind of project and every run."""
        drafts = [f"{page}?draft={word}" for page in ("model", "data", "optimize") for word in self.drafts.values()]
        return [*PAGES, *drafts, *(f"results?run={id}" for id in (*self.lived.runs.values(), "nosuchrun"))]

    def walk(self, page: Page, **how) -> Walk:
        names = {word: name for name, word in (self.drafts | self.lived.runs).items()}
        return Walk(self.app, page, self.template, names, **how)


@contextmanager
def a_world(folder: Path) -> Iterator[World]:
    """It, until the end of the block; its supervisor seems to run and never gets to a job."""
    app = App(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FEATHERWEIGHT_HOME", str(app.home.path))
        patch.delenv("FEATHERWEIGHT_DATABASE_URL", raising=False)
        lived = fill(Home.default())
    template = folder / "template"
    shutil.copytree(app.home.path, template)
    with FileLock(app.home.supervisor_lock):
        app.start()
        try:
            yield World(app, lived, template)
        finally:
            app.stop()
