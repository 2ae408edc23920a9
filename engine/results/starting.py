"""How a variant is started: the runtime, provider, threads and options that it was measured with."""

from engine.results.report import Report, Variant
from engine.wording import many


def how_to_start(report: Report, variant: Variant) -> str:
    """What a program opens the file in, to follow "in": onnxruntime (its CPU provider) with 2 threads.

    Where the variant was not timed, what it was asked to be timed at, without the runtime's own options.
    """
    target, latency = report.target_of(variant), variant.latency
    if latency is None:
        threads = f" with {many(target.threads, 'thread')}" if target.threads else ""
        return ", ".join((f"{target.runtime} ({target.provider}){threads}", *target.option_texts))
    listing = ", ".join(f"{name} {value}" for name, value in latency.session_options.items())
    options = f" ({listing})" if listing else ""
    return f"{latency.runtime} ({latency.provider}) with {many(latency.threads, 'thread')}{options}"
