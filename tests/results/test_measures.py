"""Every measure has its own name and its own noun, in whatever shows or says its figures."""

import csv
import io
import re
from types import SimpleNamespace

import pytest

from engine import charts
from engine.charts import alt_text
from engine.cli import lines
from engine.measure.recommendation import recommend
from engine.results import (
    MEASURES,
    Fidelity,
    RunSummary,
    changes_text,
    example_noun,
    finding,
    headline_figures,
    losses_text,
    measure_title,
    outputs_text,
    quality_name,
    report_measure,
    similarity_text,
    summarize,
)
from engine.search.candidate import Candidate
from engine.search.search_space import Plan
from engine.search.selection import reason_for, set_outcomes
from engine.settings import Budget, QuantizeStatic
from pages._ui import runs_view
from pages._ui.results import outputs_table, race_table, variant_table
from tests.charts.reading import texts, values
from tests.made import BASE, INT8, made_latency, made_report, made_variant
from tests.made_tasks import PRUNED, SIMILARITIES, made_fidelity, made_loss, made_task_race, made_task_report

CASES = [(measure, arrays) for measure in MEASURES for arrays in (False, True)]
FIGURES = {measure: "0.9964" if measure == "cosine similarity" else "99.64 %" for measure in MEASURES}


def wrong_words(text: str, measure: str, *, arrays: bool) -> list[str]:
    """Words of another measure, or the noun of another kind of data."""
    if measure in ("label agreement", "pixel agreement"):
        foreign = r"(?<!label )(?<!pixel )agreement|top-1|accuracy"
    else:
        foreign = r"top-1|accuracy" if measure == "agreement" else r"agree\w*|top-1|accuracy"
    others = [name for name in MEASURES if name not in measure and measure not in name]
    noun = r"\bimages?\b" if arrays else r"\bexamples?\b"
    return re.findall("|".join((foreign, *others, noun)), text, re.IGNORECASE)


def shown_texts(measure: str, *, arrays: bool) -> dict[str, str]:
    """All that is shown or said of a report and of a race, by where."""
    report, race = made_task_report(measure, arrays=arrays), made_task_race(measure, arrays=arrays)
    figures = {draw.__name__: draw(report) for draw in (charts.similarity, charts.tradeoff, charts.tree)}
    figures["waterfall"] = charts.waterfall(report, PRUNED, "quality")
    best = report.variant(INT8)
    return {
        "reason": recommend(report).reason.text,
        "losses": losses_text(best, report),
        "lines": "\n".join(lines.of_report(report)),
        "table": as_text(variant_table.as_frame(report, everything=True)) + variant_table.legend(report),
        "finding": " ".join(finding(report)),
        "figures": " ".join(f"{figure.name} {figure.value} {figure.meaning}" for figure in headline_figures(report)),
        "questions": " ".join(chart.question for chart in charts.overview_charts(report)),
        "race": as_text(race_table.as_frame(race.candidates(race.races[0]))),
    } | {name: alt_text(figure) + figure.to_json() for name, figure in figures.items()}


def as_text(frame) -> str:
    return frame.to_csv(index=False)


@pytest.mark.parametrize(("measure", "arrays"), CASES)
def test_nothing_is_called_by_another_measure_or_by_another_noun(measure, arrays):
    shown = shown_texts(measure, arrays=arrays)
    assert {where: words for where, text in shown.items() if (words := wrong_words(text, measure, arrays=arrays))} == {}
    title = MEASURES[measure].title
    for where in ("similarity", "tradeoff", "waterfall"):
        assert title in shown[where], where
    assert FIGURES[measure] in shown["tree"] + shown["table"]
    assert MEASURES[measure].short.format(figure="")[:3] in shown["tree"]


@pytest.mark.parametrize("measure", MEASURES)
def test_every_place_names_the_measure_and_gives_its_figure(measure):
    report = made_task_report(measure)
    text, figure = "\n".join(lines.of_report(report)), FIGURES[measure]
    head, _, first, *_ = text.splitlines()
    assert head.endswith(measure)
    assert first.endswith(figure)
    assert f"loses 0.4 points of {measure} (" in text
    frame = variant_table.as_frame(report)
    assert frame[measure_title(measure)].tolist() == [
        "–",
        figure,
        figure.replace("99.64", "91.23").replace("9964", "9123"),
    ]
    assert f"{measure} over budget" in frame["Verdict"].tolist()[2]
    assert variant_table.legend(report).split(". ")[1].startswith(f"{measure_title(measure)} on 540 images")
    assert similarity_text(report.variant(INT8).fidelity) == figure
    assert quality_name(report.variant(INT8)) == measure == report_measure(report)


@pytest.mark.parametrize("measure", MEASURES)
def test_charts_are_on_the_scale_of_the_measure_and_hold_their_values(measure):
    report = made_task_report(measure)
    whole = 1.0 if measure == "cosine similarity" else 100.0
    assert values(charts.similarity(report)) == pytest.approx({"Static INT8": 0.9964 * whole, "Pruned": 0.9123 * whole})
    figure = charts.waterfall(report, PRUNED, "quality")
    assert values(figure)["Baseline"] == whole
    for axis in (charts.similarity(report).layout.xaxis, figure.layout.xaxis, charts.tradeoff(report).layout.yaxis):
        assert axis.range[0] <= 0.9123 * whole
        assert axis.range[1] == whole
        assert axis.title.text.endswith(", at most 1" if whole == 1 else ", %")
    change = "−0.0841" if whole == 1 else "−8.41 pt"
    assert change in " ".join(texts(figure))


def test_what_explains_nothing_is_below_zero_and_is_drawn_there():
    worse = made_fidelity("explained variance", -0.4)
    variants = (
        made_variant(id, id, labelled=False, fidelity=fidelity) for id, fidelity in ((BASE, None), (INT8, worse))
    )
    report = made_report(*variants)
    figure = charts.similarity(report)
    assert values(figure) == {INT8: -40.0}
    assert figure.layout.xaxis.range[0] <= -40
    assert similarity_text(worse) == "−40.00 %"


@pytest.mark.parametrize(("measure", "arrays"), CASES)
def test_a_race_says_what_it_loses_in_the_terms_of_its_task(measure, arrays, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"0" * 1000)
    model = SimpleNamespace(key="k", path=path, preprocess=None if arrays else object())
    context = SimpleNamespace(budget=Budget(), goal="latency", data=SimpleNamespace(labelled=False))

    def candidate(name: str, similarity: float) -> Candidate:
        return Candidate(
            plan=Plan(name, QuantizeStatic(method="static"), made_report().recommended.reason),
            model=model,
            notes=(),
            seconds=1.0,
            fidelity=made_fidelity(measure, similarity),
            comparison=made_loss(measure, similarity),
            class_loss=None,
            fp32_mb=0.002,
            stage="final",
            latency=made_latency(1.0, 0.5),
        )

    close, far = candidate("close", 0.9964), candidate("far", 0.9123)
    set_outcomes([close, far], close, context)
    fields = ((close, [close, far]), (None, [far]))
    told = [far.outcome.text, *(reason_for(winner, field, context, dict).text for winner, field in fields)]
    assert [words for text in told if (words := wrong_words(text, measure, arrays=arrays))] == []
    assert all(f"selection {'examples' if arrays else 'images'}" in text for text in told)
    figures = ("0.9964", "0.9123") if measure == "cosine similarity" else ("99.6 %", "91.2 %")
    assert figures[0] in told[1]
    assert figures[1] in told[0]
    assert f"no candidate keeps the budget of {measure};" in told[2]


def test_where_answers_are_no_classes_the_mean_loss_and_its_interval_are_told():
    loss = made_loss("cosine similarity", 0.996, n=540)
    assert changes_text(loss, "example", "cosine similarity") == (
        "On 540 examples the mean loss of cosine similarity is 0.4 points (between −1.1 and 1.9 points, 95 %)."
    )


def test_outputs_are_listed_where_there_are_several():
    report = made_task_report("detection F1")
    assert outputs_text(report.variant(INT8)) == "boxes 31.0 dB, scores –"
    assert "Static INT8, output by output: boxes 31.0 dB, scores –" in lines.of_report(report)
    frame = outputs_table.as_frame(report)
    assert frame["Output"].tolist() == ["boxes", "scores"]
    assert frame["Static INT8"].tolist() == ["31.0 dB", "–"]
    assert outputs_text(made_report().variant(INT8)) == ""
    assert outputs_table.as_frame(made_report()).empty


@pytest.mark.parametrize("measure", MEASURES)
def test_the_csv_keeps_its_columns_and_names_the_measure(measure):
    report, race = made_task_report(measure), made_task_race(measure)
    _, row, _ = csv.DictReader(io.StringIO(variant_table.as_csv(report)))
    agreement = "0.9964" if "agreement" in measure else ""
    assert (row["measure"], row["similarity"], row["agreement"]) == (measure, "0.9964", agreement)
    first, *_ = csv.DictReader(io.StringIO(race_table.as_csv(race, race.candidates(race.races[0]))))
    assert (first["selection_measure"], first["selection_similarity"]) == (measure, "0.9964")
    assert first["selection_agreement"] == agreement


@pytest.mark.parametrize("measure", MEASURES)
def test_the_list_of_runs_has_a_column_for_each_measure(measure):
    summary = summarize(made_task_report(measure))
    assert (summary.measure, summary.similarity) == (measure, SIMILARITIES[INT8])
    job = SimpleNamespace(name="run", state="done", created="2026-01-01T00:00:00+00:00", seconds=1.0)
    row = runs_view._row(job, summary)
    filled = {column: row[column] for column in runs_view.OPTIONAL_COLUMNS if row[column] is not None}
    assert filled == {measure_title(measure): pytest.approx(0.9964 * (1 if measure == "cosine similarity" else 100))}


def test_what_was_written_before_there_were_measures_is_agreement():
    old = RunSummary.model_validate({"run_id": "1", "state": "done", "model": "m", "steps": "s", "agreement": 0.97})
    assert (old.measure, old.similarity) == ("agreement", 0.97)
    assert Fidelity.model_validate({"agreement": 0.97, "sqnr_db": None, "n_images": 1}).similarity == 0.97


def test_the_noun_is_that_of_the_data():
    nouns = [example_noun(made_task_report("agreement", arrays=arrays)) for arrays in (False, True)]
    assert nouns == ["image", "example"]
    assert example_noun(made_report()) == "image"


def test_before_anything_was_compared_there_is_no_measure():
    alone = made_report(made_variant(BASE, "Baseline", labelled=False))
    assert report_measure(alone) is None
    assert "greement" not in variant_table.legend(alone) + alt_text(charts.similarity(alone))
