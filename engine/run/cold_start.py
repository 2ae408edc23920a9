"""The cold start of a run's variants: fresh processes that open a file and call it once, before latency is measured."""

from engine.errors import RunError
from engine.measure.cold_start import cold_start_note, measure_cold_starts, not_measured_note
from engine.planning.estimate import n_variants
from engine.run.branch import RunContext
from engine.run.progress import Phase


def add_cold_starts(context: RunContext, phase: Phase) -> None:
    """Adds the cold starts of the baseline and the results of steps to the report, with notes on clear differences.

    Each is measured at its own target, where several raced. Candidates of races have none. Does nothing where the
    context has no fresh processes. The caller holds the home's measure lock.
    """
    builder, step_runner = context.builder, context.step_runner
    if context.processes is None:
        return
    models = {id: builder.models[id] for id, variant in builder.variants.items() if variant.role != "candidate"}
    measured = measure_cold_starts(
        models,
        builder.baseline.id,
        {id: builder.variants[id].target or step_runner.target for id in models},
        step_runner.inputs(step_runner.target.batch_size),
        context.processes,
        step_runner.work,
        lambda done, total: phase(done / total, f"cold start, process {done + 1} of {total}"),
    )
    phase.learn(len(models) / n_variants(builder.recipe))
    baseline = measured[builder.baseline.id]
    for id, outcome in measured.items():
        if isinstance(outcome, RunError):
            builder.add_note(id, not_measured_note(outcome))
            continue
        builder.add_cold_start(id, outcome)
        note = None if isinstance(baseline, RunError) else cold_start_note(outcome, baseline)
        if note is not None:
            builder.add_note(id, note)
