"""Race: baseline and variants of a run answer photos, a camera and the run's images side by side, for an audience."""

from pages._ui import chrome, run_choice
from pages._ui.race import race_view

chrome.ensure_app()
chrome.heading("Race", "The same image for all: who answers first, and do they agree?")
race_view.show(run_choice.finished_runs())
