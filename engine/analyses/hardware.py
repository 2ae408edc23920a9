"""The runtimes and providers that work on this machine, found by trying each that is installed."""

import torch

from engine.results import Hardware
from engine.runtimes import RUNTIMES
from engine.settings import HardwareRequest
from engine.store.folders import JobFolder
from engine.store.progress import Progress
from engine.system.machine import environment


def hardware(request: HardwareRequest, folder: JobFolder, progress: Progress) -> Hardware:
    """Processor, memory, versions, GPUs as torch reports them, and all providers that the runtimes know.

    Each was tried, or has the reason why it is not installed.
    """
    pairs = [(name, provider) for name, runtime in RUNTIMES.items() for provider in runtime.known_providers()]
    providers = []
    for number, (runtime, name) in enumerate(pairs):
        progress.emit("hardware", "providers", number / len(pairs), f"trying {name}")
        providers.append(RUNTIMES[runtime].try_provider(name))
    working = {
        runtime: tuple(provider.name for provider in providers if provider.runtime == runtime and provider.works)
        for runtime in RUNTIMES
    }
    return Hardware(environment=environment(working), providers=tuple(providers), gpus=_gpus())


def _gpus() -> tuple[str, ...]:
    names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return tuple([*names, "Apple GPU (MPS)"] if torch.backends.mps.is_available() else names)
