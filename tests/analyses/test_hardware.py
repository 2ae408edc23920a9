"""The machine's providers, each one tried."""

import onnxruntime as ort

from engine.analyses.hardware import hardware
from engine.runtimes import RUNTIMES
from engine.settings import HardwareRequest
from engine.store.folders import JobFolder
from engine.store.progress import Progress
from engine.system.machine import environment

try_provider = RUNTIMES["onnxruntime"].try_provider


def test_every_provider_is_tried_or_not_installed_and_the_cpu_works(tmp_path):
    result = hardware(HardwareRequest(), JobFolder(tmp_path), Progress(lambda event: None))
    assert [(provider.runtime, provider.name) for provider in result.providers] == [
        (name, provider) for name, runtime in RUNTIMES.items() for provider in runtime.known_providers()
    ]
    assert {(provider.runtime, provider.name) for provider in result.providers if provider.available} == {
        (name, provider) for name, runtime in RUNTIMES.items() for provider in runtime.providers()
    }
    working = {provider.name for provider in result.providers if provider.works}
    assert "CPUExecutionProvider" in working
    assert result.environment == environment(result.environment.runtimes)
    assert {name for names in result.environment.runtimes.values() for name in names} == working


def test_a_reason_stands_beside_what_does_not_work():
    absent = try_provider("NoSuchExecutionProvider")
    assert (absent.works, absent.reason) == (False, "this build of onnxruntime does not have it")
    cpu = try_provider("CPUExecutionProvider")
    assert (cpu.works, cpu.reason) == (True, "")


def test_a_provider_that_leaves_the_work_to_the_cpu_does_not_count():
    for name in ort.get_available_providers():
        found = try_provider(name)
        assert found.works != bool(found.reason)
        assert found.works or name != "CPUExecutionProvider"
