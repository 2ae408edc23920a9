"""Bundles, and what they found on other machines, as lines of text."""

from engine import Bundle, CrossCpu, KnownVerification, cross_cpu_text
from engine.wording import many, size_text


def of_bundle(bundle: Bundle) -> list[str]:
    """What was packed, a line a variant, and the sum of the zip."""
    lines = [f"{many(len(bundle.files), 'file')}, {size_text(bundle.size_bytes)}, SHA-256 {bundle.sha256}"]
    for folder, one in zip(bundle.folders, bundle.descriptions, strict=True):
        labels = "" if one.labels else ", no labels.txt: no names of classes that mean anything"
        lines.append(f"{folder or './'} {one.variant} {one.label}, {size_text(one.model.size_bytes)}{labels}")
    return lines


def of_verification(known: KnownVerification) -> list[str]:
    """Where it was, whether all held, and the latency."""
    found = known.verification
    lines = [f"{known.run_name}, {known.label}, on {known.where}: {'verified' if found.passed else 'NOT verified'}"]
    lines += [f"{'ok' if check.passed else 'failed'}  {check.name}: {check.text}" for check in found.checks]
    if found.latency is not None:
        one = found.latency
        lines.append(f"p50 {one.p50_ms:.3g} ms ({one.low_ms:.3g} to {one.high_ms:.3g}), {many(one.threads, 'thread')}")
    return lines


def of_cross_cpu(found: CrossCpu) -> list[str]:
    """The estimate in a sentence."""
    return [cross_cpu_text(found)]
