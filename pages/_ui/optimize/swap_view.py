"""The form of a swap: the architecture that replaces the model, and the rest of its settings."""

from engine import FileModel, SampleModel, Swap
from pages._ui import forms
from pages._ui.draft import Draft
from pages._ui.forms import CallerField, FormResult
from pages._ui.optimize import architectures
from pages._ui.optimize.distill_view import DEFAULT_STUDENT, SAMPLE_STUDENT


def initial_step(draft: Draft) -> Swap:
    """What a new card begins with; it learns from the model where there are no labels or the model is a file."""
    unlabelled = draft.data is not None and not draft.chain_inputs.labels
    source = "model" if unlabelled or isinstance(draft.model, FileModel) else "labels"
    if isinstance(draft.model, SampleModel):
        return Swap(architecture=SAMPLE_STUDENT, weights="random", learn_from=source, learning_rate=2e-3)
    return Swap(architecture=DEFAULT_STUDENT, learn_from=source)


def settings(current: Swap, draft: Draft, name: str) -> FormResult[Swap]:
    """Draws the architecture and the form of the rest; the settings."""
    architecture = architectures.pick("Architecture", current.architecture, f"{name}-architecture")
    return forms.form(Swap, name, current, caller_fields={"architecture": CallerField(architecture)})
