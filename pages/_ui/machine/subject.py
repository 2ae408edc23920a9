"""What is set against the machine: a finished run, the model that was chosen, or nothing. The address holds it."""

from dataclasses import dataclass

import streamlit as st

from engine import (
    RANDOM,
    Job,
    ModelSource,
    Report,
    RequestError,
    Target,
    TimmModel,
    WorkloadRequest,
    cores,
    known_profile,
    report,
    workload_request,
)
from pages._ui import run_choice, state
from pages._ui.draft import model_name
from pages._ui.wording import plain

MODEL = "model"
"""What the address holds in place of the id of a run where the chosen model is set against the machine."""


ARCHITECTURE = "architecture"
"""The parameter with the architecture whose published figures are shown, where it is not the subject's own."""


@dataclass(frozen=True)
class Subject:
    """A finished run by its id, with its report, or a model at a target; neither of them where nothing is chosen."""

    run: str | None = None
    report: Report | None = None
    model: ModelSource | None = None
    target: Target | None = None

    @property
    def threads(self) -> int | None:
        """The threads that it is timed with; None for all cores, and where this machine has fewer."""
        timed = [one.latency for one in self.report.main_variants if one.latency] if self.report is not None else []
        threads = timed[0].threads if timed else self.target.threads if self.target is not None else None
        return threads if threads is not None and threads <= cores() else None

    @property
    def architecture(self) -> str | None:
        """The name of its timm architecture, perhaps with a pretrained tag; None of any other model."""
        model = self.report.recipe.model if self.report is not None else self.model
        return model.name if isinstance(model, TimmModel) else None

    @property
    def macs(self) -> int | None:
        """The multiply-adds of the run's baseline, or of the model where its profile was made; None where unknown."""
        if self.report is not None:
            return self.report.baseline.macs if self.report.baseline is not None else None
        if self.model is None:
            return None
        try:
            profile = known_profile(self.model, from_browser=True)
        except RequestError:  # the roofline says what is wrong with the model
            return None
        return profile.macs if profile is not None else None

    def request(self) -> WorkloadRequest | None:
        """The request for its workload; of a timm model with random weights, which take the same time.

        Raises RequestError for a run that is gone.
        """
        if self.run is not None:
            return workload_request(self.run)
        if self.model is None or self.target is None:
            return None
        model = self.model
        if isinstance(model, TimmModel) and not model.from_hub and model.local_dir is None:
            model = model.model_copy(update={"weights": RANDOM})
        return WorkloadRequest(model=model, target=self.target)


def choose() -> Subject:
    """Draws the choice, which is nothing at first, and puts it into the page's address."""
    draft = state.draft()
    runs = run_choice.finished_runs()
    asked = state.param(run_choice.PARAM)
    titles = {"": "Nothing yet"}
    if draft.model is not None:
        titles[MODEL] = f"The model that you chose: {model_name(draft.model)}"
    titles |= {id: _title(run) for id, run in runs.items()}
    if asked is not None and asked not in titles:
        what = "no model was chosen" if asked == MODEL else f"there is no finished run '{plain(asked)}' here"
        st.warning(f"{what[0].upper()}{what[1:]}: choose another one below.", icon=":material/link_off:")
    chosen = st.selectbox(
        "Set against this machine",
        list(titles),
        index=list(titles).index(asked) if asked in titles else 0,
        format_func=titles.get,
        key="machine-subject",
        help="A finished run, all its files; or the model of the Model page, which is timed at the target of Optimize.",
        width=420,
    )
    if chosen != (asked or ""):
        state.set_param(ARCHITECTURE, None)  # chosen beside another subject
    state.set_param(run_choice.PARAM, chosen or None)
    if chosen == MODEL:
        return Subject(model=draft.model, target=draft.target)
    return Subject(run=chosen, report=report(chosen)) if chosen else Subject()


def _title(run: Job) -> str:
    return f"{run.name} · {run.id[:6]}"
