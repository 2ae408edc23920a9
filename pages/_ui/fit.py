"""Whether techniques can be applied to the chosen model, as far as its profile tells."""

from collections.abc import Sequence
from contextlib import suppress

from engine import ModelProfile, Refusal, RequestError, Step, known_profile, step_refusal
from pages._ui.browser_terms import told
from pages._ui.draft import Draft


def profile_of(draft: Draft) -> ModelProfile | None:
    """The profile of the draft's model; None until it is done, and where the model cannot be read."""
    if draft.model is not None:
        with suppress(RequestError):  # the plan says what is wrong with the model
            return known_profile(draft.model, draft.preprocess, from_browser=True)
    return None


def misfit(step: Step, before: Sequence[Step], profile: ModelProfile | None) -> str:
    """Why a step cannot be applied to the model after the steps `before`, as Markdown.

    Empty where it can be, and where the profile is not known yet.
    """
    return reason(step_refusal(step, before, profile)) if profile is not None else ""


def reason(refusal: Refusal | None) -> str:
    """A refusal with what to do instead, as Markdown in the terms of the pages; empty where there is none."""
    return " ".join(sentences(refusal)) if refusal is not None else ""


def sentences(refusal: Refusal) -> tuple[str, str]:
    """What is refused and what to do instead, each a sentence as Markdown in the terms of the pages."""
    message, next = (told(text) for text in (refusal.message, refusal.next))
    return message, next
