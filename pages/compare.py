"""Compare: variants of any runs side by side, and those that none beats."""

from engine import list_jobs
from pages._ui import chrome
from pages._ui.compare import compare_view
from pages._ui.live import ENDED

chrome.ensure_app()
chrome.heading("Compare", "Variants of any runs side by side, and those that none of the others beats.")
compare_view.show([run for run in list_jobs("run", compare_view.MOST_LISTED) if run.state in ENDED])
