"""What a card of a swap asks: which architecture takes the model's place, and what it learns from."""

from engine import FileModel, ImagesData, SampleModel, Swap
from pages._ui import forms
from pages._ui.draft import Draft
from pages._ui.forms import Drawn, Filled
from pages._ui.optimize import architectures
from pages._ui.optimize.distill_view import SMALL, TINY


def begins(draft: Draft) -> Swap:
    """What a new card begins with: the model's answers where there are no labels, or where the model is a file."""
    unlabelled = isinstance(draft.data, ImagesData) and not draft.data.labelled
    source = "model" if unlabelled or isinstance(draft.model, FileModel) else "labels"
    if isinstance(draft.model, SampleModel):
        return Swap(architecture=TINY, weights="random", learn_from=source, learning_rate=2e-3)
    return Swap(architecture=SMALL, learn_from=source)


def settings(current: Swap, draft: Draft, name: str) -> Filled[Swap]:
    """The architecture, and the form of the rest."""
    chosen = architectures.pick("Architecture", current.architecture, f"{name}-architecture")
    return forms.form(Swap, name, current, drawn={"architecture": Drawn(chosen)})
