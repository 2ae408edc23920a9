"""bundle.json: what the programs of a bundle read, and what a dashboard knows it by."""

import hashlib

from engine.export.bundle.context import BundleContext
from engine.export.bundle.names import (
    DESCRIPTION,
    GOLDEN,
    LABELS,
    MODEL,
    PREPROCESS,
)
from engine.results.bundle import (
    BundledBatch,
    BundleDescription,
    BundledFigures,
    BundledInput,
    BundledModel,
    BundledSession,
    Golden,
    GoldenImage,
)
from engine.runtimes import RUNTIMES


def description(context: BundleContext) -> BundleDescription:
    """What the bundle of this variant says of itself."""
    model, target, variant = context.model, context.target.model_copy(update={"bound": False}), context.variant
    return BundleDescription(
        name=context.name,
        run=context.report.run_id,
        variant=variant.id,
        label=variant.label,
        model=BundledModel(
            file=MODEL,
            sha256=hashlib.sha256(context.onnx).hexdigest(),
            size_bytes=len(context.onnx),
            variant_sha256=variant.sha256,
        ),
        task=model.task,
        labels=LABELS if context.labels is not None else None,
        preprocess=PREPROCESS if context.takes_images else None,
        inputs=tuple(
            BundledInput(
                name=spec.name,
                dtype=spec.dtype,
                shape=spec.shape,
                layout=model.layout if context.takes_images else None,
                batched=spec.batched,
            )
            for spec in model.input_specs
        ),
        batch=BundledBatch(
            measured=model.batch or context.target.batch_size, fixed=model.batch, depends=context.depends
        ),
        session=BundledSession(
            runtime=target.runtime,
            provider=target.provider,
            threads=target.threads or 1,
            options=RUNTIMES[target.runtime].describe_options(target),
            outputs=model.output_names,
        ),
        golden=Golden(
            file=GOLDEN,
            n=context.examples.n,
            images=tuple(GoldenImage(file=one.name, original=one.original) for one in context.examples.images),
            tolerance=context.tolerance,
            tolerance_source=context.tolerance_source,
        ),
        versions=context.packages,
        measured=_figures(context),
    )


def description_file(context: BundleContext) -> dict[str, bytes]:
    return {DESCRIPTION: (description(context).model_dump_json(indent=1) + "\n").encode()}


def _figures(context: BundleContext) -> BundledFigures:
    """The run's figures; no latency that was measured with buffers on a card, since the bundle copies its arrays."""
    variant = context.variant
    latency = None if context.target.bound else variant.latency
    accuracy, fidelity = variant.accuracy, variant.fidelity
    measured = accuracy or fidelity
    return BundledFigures(
        cpu=context.report.latency_cpu,
        p50_ms=latency.p50_ms if latency else None,
        p95_ms=latency.p95_ms if latency else None,
        speedup=latency.speedup if latency else None,
        speedup_low=latency.speedup_low if latency else None,
        speedup_high=latency.speedup_high if latency else None,
        top1=accuracy.top1 if accuracy else None,
        top1_low=accuracy.low if accuracy else None,
        top1_high=accuracy.high if accuracy else None,
        similarity=fidelity.similarity if fidelity else None,
        similarity_name=fidelity.measure if fidelity else None,
        n_images=measured.n_images if measured else None,
    )
