"""Machine: what this machine can run, what each data type is worth on it, and how close files come to that."""

from pages._ui import chrome, state
from pages._ui.machine import hardware_view, other_hardware_view, peaks_view, roofline_view, subject

chrome.ensure_app()
chrome.heading("Machine", "What this machine can run, how fast at the most, and how close your models come to that.")
chosen = subject.choose()
hardware_view.show()
peaks = peaks_view.show(chosen.threads)
workloads = roofline_view.show(chosen, peaks)
other_hardware_view.show(chosen, workloads)
state.write_address()
