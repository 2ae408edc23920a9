"""This machine: processor, instruction sets, devices, and the runtimes with their providers."""

from contextlib import suppress

import pandas as pd
import streamlit as st

from engine import (
    RUNTIME_TITLES,
    Hardware,
    HardwareRequest,
    Job,
    NotFoundError,
    Provider,
    delete,
    result,
    suited_exports,
)
from engine.wording import size_text
from pages._ui import chrome, live
from pages._ui.browser_terms import told
from pages._ui.wording import plain

MEANINGS = {
    "avx2": "floats, eight at once",
    "avx512f": "floats, sixteen at once",
    "avx_vnni": "products of 8 bits",
    "avx512_vnni": "products of 8 bits, INT8",
    "avx512_bf16": "products of 16-bit bfloats",
    "avx512_fp16": "products of 16-bit floats",
    "amx_int8": "tiles of 8 bits, INT8",
    "amx_bf16": "tiles of 16-bit bfloats",
    "asimddp": "products of 8 bits",
    "i8mm": "matrices of 8 bits",
    "bf16": "products of 16-bit bfloats",
}
"""What the instruction sets are for that decide which data types pay."""


def show() -> None:
    """Draws the machine once it was examined, which takes some seconds the first time; until then its progress."""
    with chrome.card("hardware", "This machine"):
        job = live.follow_analysis(
            HardwareRequest(), "Trying every provider with a small model, in a process of its own."
        )
        found = result(job.id) if job else None
        if isinstance(found, Hardware):
            _facts(found)
            _providers(found)
            if job is not None:
                _again_button(job)


def _facts(found: Hardware) -> None:
    machine = found.environment
    st.markdown(f"**{plain(machine.cpu)}**")
    chrome.metrics(
        {
            "Cores, for this app": str(machine.cores),
            "Memory": size_text(machine.memory_bytes),
            "GPU": ", ".join(found.gpus) or "none",
        }
    )
    known = [f"`{name}` {MEANINGS[name]}" for name in machine.isa if name in MEANINGS]
    others = [f"`{name}`" for name in machine.isa if name not in MEANINGS]
    st.markdown(f"Instruction sets: {' · '.join([*known, *others]) or 'none that matter here'}")
    suited = suited_exports(found)
    for advice in suited:
        what = "What suits it" if len(suited) == 1 else f"What suits its {plain(advice.hardware)}"
        st.markdown(f"{what}: **{plain(advice.export)}**. {told(advice.why)}")


def _providers(found: Hardware) -> None:
    """Draws all providers that the runtimes know: which work, and why the others do not."""
    st.markdown("**Runtimes and providers**")
    rows = [_row(one) for one in sorted(found.providers, key=lambda one: not one.works)]
    with st.container(key="providers"):
        st.table(pd.DataFrame(rows), border="horizontal", hide_index=True, alt="Runtimes, providers, and which work")
    st.caption(
        "What is installed was tried with a small model just as a run would use it. The other rows are what this "
        "operating system could have."
    )


def _again_button(job: Job) -> None:
    """Draws the button that examines the machine anew: what was installed beside the libraries leaves no other trace.

    The answer that was kept goes, else it would come back.
    """
    pressed = st.button(
        "Examine again",
        icon=":material/refresh:",
        key="examine-again",
        type="tertiary",
        help="This is kept until the libraries, the processor or the cards change. Press it once a driver or a system "
        "library was installed, or where a provider ran out of time.",
    )
    if pressed:
        with suppress(NotFoundError):  # someone else has pressed it: then that job is the new one
            delete(job.id)
        st.rerun()


def _row(provider: Provider) -> dict[str, str]:
    works = "yes" if provider.tested else "yes, on a small model; not tested by us"
    return {
        "Runtime": RUNTIME_TITLES.get(provider.runtime, provider.runtime),
        "Provider": plain(provider.name),
        "Works here": f":material/check_circle: {works}" if provider.works else ":material/block: no",
        "Why not": "" if provider.works else told(provider.reason),
    }
