"""Ship: a bundle that runs a variant elsewhere and proves that it does, and what it found on other machines."""

from pages._ui import chrome
from pages._ui.ship import bundle_view, cross_cpu_view, export_view, run_choice, serving_view, verification_view

chrome.ensure_app()
chrome.heading("Ship", "What is taken to another machine: files that run there, and prove there that they do.")
chosen = run_choice.choose()
if chosen is not None:
    bundle_view.show(chosen)
    export_view.show(chosen)
    serving_view.show(chosen)
    verification_view.show(chosen)
    cross_cpu_view.show(chosen)
