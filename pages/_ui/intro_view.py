"""What the product does, as four pictures from a model to a file with its measurements."""

import streamlit as st

ACCENT, QUIET = "#12907F", "#8A938F"
LAYERS = "".join(
    f'<rect x="{18 + 22 * i}" y="{14 + 6 * i}" width="12" height="{60 - 12 * i}" rx="3"/>' for i in range(4)
)
STEPS = "".join(
    f'<rect x="{10}" y="{10 + 24 * i}" width="{wide}" height="14" rx="7" fill="{ACCENT if i == 0 else QUIET}" '
    f'fill-opacity="{1 if i == 0 else 0.6}"/>'
    for i, wide in enumerate((96, 72, 84))
)
BARS = "".join(
    f'<rect x="16" y="{12 + 26 * i}" width="{before}" height="8" rx="4" fill-opacity="0.7"/>'
    f'<rect x="16" y="{23 + 26 * i}" width="{after}" height="8" rx="4" fill="{ACCENT}"/>'
    for i, (before, after) in enumerate(((88, 22), (88, 37), (88, 88)))
)
FILE = (
    f'<path d="M40 8h34l18 18v58a4 4 0 0 1-4 4H40a4 4 0 0 1-4-4V12a4 4 0 0 1 4-4z" fill="none" stroke="{QUIET}" '
    f'stroke-width="3"/><path d="M50 56l10 10 20-22" fill="none" stroke="{ACCENT}" '
    'stroke-width="7" stroke-linecap="round" stroke-linejoin="round"/>'
)
PICTURES = (
    (LAYERS, "Your model", "a timm name or an ONNX file, and your images"),
    (STEPS, "What you toggle", "quantize, prune, distil, or all in a row"),
    (BARS, "Measured side by side", "size, latency and accuracy, each with its uncertainty"),
    (FILE, "The file to ship", "ONNX, with its proof; or the baseline, and why"),
)


def show() -> None:
    """Draws the pictures side by side, two a row where there is less room."""
    with st.container(key="story"), st.grid(4, min_column_width=150, gap="medium"):
        for drawing, title, text in PICTURES:
            with st.container(gap="xxsmall"):
                st.image(
                    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 124 96" fill="{QUIET}">{drawing}</svg>',
                    width=124,
                    alt=title,
                )
                st.markdown(f"**{title}**")
                st.caption(text)
