"""How many images each check of an audit finds."""

import plotly.graph_objects as go

from engine.charts.rows import Row, add_bar, add_rows
from engine.charts.scales import counts, show_x
from engine.charts.style import CANDIDATE, OVER, canvas, label
from engine.results import CHECKS, DataAudit, check_text
from engine.results.audit import LEAKS
from engine.wording import many


def audit(result: DataAudit) -> go.Figure:
    """A row a check that finds anything: how many images, leaks in the colour of what is over its limit."""
    texts = [check_text(check, result) for check in result.found]
    title = f"What was found among {many(result.n_images, 'image')}: {', '.join(texts)}"
    figure = canvas(title, x_title="Images, count")
    rows = [Row(name=label(CHECKS[check.name].noun), text=f"{check.n_found:,}") for check in result.found]
    for y, check, row in zip(add_rows(figure, rows), result.found, rows, strict=True):
        colour = OVER if check.name in LEAKS else CANDIDATE
        hover = f"{row.name}<br>{many(check.n_found, 'image')}<extra></extra>"
        add_bar(figure, y, 0, check.n_found, colour=colour, hover=hover)
    show_x(figure, counts(check.n_found for check in result.found))
    return figure
