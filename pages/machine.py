"""Machine: what this machine can run, what each data type is worth on it, and how close a run's files come to that."""

from pages._ui import chrome
from pages._ui.machine import hardware_view, other_hardware_view, peaks_view, roofline_view

chrome.ensure_app()
chrome.heading("Machine", "What this machine can run, how fast at the most, and how close your models come to that.")
run = roofline_view.choose_run()
hardware_view.show()
peaks = peaks_view.show(run)
roofline_view.show(run, peaks)
other_hardware_view.show(run)
