"""The target of a recipe: the runtime, a provider that works here, and the options that this provider has."""

from collections.abc import Mapping, Sequence

import streamlit as st

from engine import Hardware, HardwareRequest, Job, Provider, Target, cores, result
from engine.wording import many
from pages._ui import forms, linked_analysis, live, state
from pages._ui.browser_terms import in_browser_terms
from pages._ui.known_hardware import ADDRESS
from pages._ui.wording import plain

UNTESTED = "works here on a small model, not tested by us"
ALL = ("threads", "batch_size")
"""What every provider has."""


def show(target: Target) -> forms.FormResult[Target]:
    """Draws the target, with the options alone that its provider has; options of another one are forgotten."""
    runtime = forms.form(Target, "target", _plain(target), only=("runtime",)).settings
    target = _with_runtime(target, runtime)
    if target.runtime != "any":  # which races what the CPU has
        target = _with_provider(target, _choose_provider(target))
    return forms.form(Target, "target", target, only=(*target.options, *ALL), limits=_limits(target))


def title(target: Target) -> str:
    """The target in a line: onnxruntime, 2 threads, batch size 1."""
    provider = () if target.on_cpu else (target.provider,)
    parts = (
        forms.choices_of(Target, "runtime")[target.runtime],
        *provider,
        *target.option_texts,
        many(target.threads or cores(), "thread"),
        f"batch size {target.batch_size}",
    )
    return ", ".join(parts)


def _plain(target: Target) -> Target:
    """The target with its runtime and what every provider has, and no options of its own."""
    return Target(runtime=target.runtime, threads=target.threads, batch_size=target.batch_size)


def _with_runtime(target: Target, chosen: Target) -> Target:
    return target if chosen.runtime == target.runtime else chosen


def _with_provider(target: Target, provider: str) -> Target:
    return target if provider == target.provider else _plain(target).model_copy(update={"provider": provider})


def _limits(target: Target) -> Mapping[str, int]:
    """The maxima of this machine; the streams of a CPU share its threads."""
    streams = {"streams": target.threads or cores()} if "streams" in target.options and target.on_cpu else {}
    return {"threads": cores(), **streams}


def _choose_provider(target: Target) -> str:
    """Draws the providers of the runtime that work here, where there are several; the name of the chosen one."""
    own = Target(runtime=target.runtime).provider
    request = HardwareRequest()
    job = linked_analysis.find(ADDRESS, request)
    if job is not None and job.state not in live.ENDED:
        live.watch(job.id, live.progress)
        return target.provider
    hardware = result(job.id) if job is not None else None
    if job is None or not isinstance(hardware, Hardware):
        _search_button(request)
        return target.provider
    providers = {one.name: one for one in hardware.providers if one.runtime == target.runtime}
    names = [own, *(name for name, one in providers.items() if one.works and name != own)]
    if target.provider not in names:
        names.append(target.provider)
    chosen = own
    if len(names) > 1:
        chosen = st.selectbox(
            "Provider",
            names,
            index=names.index(target.provider),
            key=state.key(f"target.provider.{target.runtime}"),
            format_func=lambda name: _label(name, providers.get(name)),
            help="What of this machine computes: its processor, or a card or device that the runtime can use.",
        )
    broken = [one for one in providers.values() if one.available and not one.works]
    if broken:
        _again_button(request, job, broken)
    return str(chosen)


def _label(name: str, provider: Provider | None) -> str:
    """The provider in the menu, with what is to be known of it; one that does not work any more says why."""
    if provider is None:
        return f"{name} (not on this machine)"
    if not provider.works:
        return f"{name} (does not work here: {plain(in_browser_terms(provider.reason))})"
    return name if provider.tested else f"{name} ({UNTESTED})"


def _again_button(request: HardwareRequest, job: Job, broken: Sequence[Provider]) -> None:
    """Draws the button that tries every provider anew; the answers of `job`, where these do not work, go."""
    reasons = "; ".join(f"{one.name}: {plain(in_browser_terms(one.reason))}" for one in broken)
    pressed = st.button(
        "Look again",
        icon=":material/refresh:",
        key="ask-hardware-again",
        type="tertiary",
        help=f"Tries every provider anew, once what is missing was installed. Does not work here: {reasons}",
    )
    if pressed:
        linked_analysis.start_anew(ADDRESS, request, job)


def _search_button(request: HardwareRequest) -> None:
    """Draws the button that tries every provider of this machine."""
    pressed = st.button(
        "Look for graphics cards and other devices",
        icon=":material/search:",
        key="ask-hardware",
        type="tertiary",
        help="Tries every provider of the runtimes on a small model, each in a process of its own.",
    )
    if pressed:
        linked_analysis.start_anew(ADDRESS, request, None)
