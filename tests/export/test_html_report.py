"""The report to hand over: complete, offline, safe against names, and true to the figures."""

import re

import pytest

from engine.export.destinations.model_card import model_card
from engine.export.html_report import html_report
from engine.export.report_examples import ExampleCard, compared_variant, example_cards
from engine.results import Failure, LatencyMeasurement, Note, Recommendation, Report, codes
from engine.store.folders import JobFolder
from tests.made import (
    BASE,
    INT8,
    made_disturbed_report,
    made_latency,
    made_race_report,
    made_report,
    made_variant,
)
from tests.made_examples import with_examples
from tests.made_raced import BASE_BF16, made_raced_report
from tests.made_tasks import made_task_report

NAMES = ("../secret.png", "text.png", "gone.png")
EVIL = '</script><img src=x onerror="alert(1)">'


def body(html: str) -> str:
    """The page without the scripts that Plotly and the charts are in."""
    return re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)


def cards(report: Report, folder) -> list[ExampleCard]:
    return list(example_cards(report, compared_variant(report), report.examples, JobFolder(folder).file))


def test_the_finding_and_the_figures_are_in_it():
    html = html_report(made_report(), "digits to int8")
    text = body(html)
    assert "Take Static INT8: it answers 2.00 times as fast as the baseline (1.82 to 2.22 times)" in text
    assert "and its file has 25 % of the size." in text
    assert "<dt>File size</dt><dd>5.00 MB</dd><dd>from 20.0 MB</dd>" in text
    assert "On 540 images that chose nothing it is right in 99.0 % of the cases, as the baseline is" in text
    for expected in ("<title>digits to int8</title>", "A CPU", "numpy 2.0", INT8[0] * 64, "technique:"):
        assert expected in text
    assert html.count('class="chart"') == html.count('type="application/json"') == 7
    assert "1 way to make it smaller and faster was tried: Static INT8." in text


def test_nothing_is_loaded_from_anywhere():
    html = html_report(made_report(), "offline")
    assert not re.findall(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", body(html))
    assert "<link" not in body(html)
    assert "default-src 'none'" in html
    assert "Plotly.react" in html


def test_names_are_text_and_nothing_else():
    variants = (made_variant(BASE, "Baseline"), made_variant(INT8, EVIL, notes=(Note(code="scheme", text=EVIL),)))
    html = html_report(made_report(*variants), EVIL)
    assert "<img" not in body(html)
    assert EVIL not in html
    assert "&lt;/script&gt;&lt;img src=x" in html


@pytest.mark.parametrize(
    ("report", "texts"),
    [
        (made_report(made_variant(BASE, "Baseline")), ["Baseline was measured alone: 20.0 MB, 2 ms a call (median)."]),
        (
            made_disturbed_report(),
            ["<p>Nothing is recommended yet.</p>\n<p>No speed could be measured", "A hollow mark is an estimate"],
        ),
        (made_race_report(won=False), ["Keep the model as it is. FP32 stays: nothing within the budget is faster"]),
        (made_report(recommended=None), ["The run ended before its variants were compared"]),
        (made_report(labelled=False), ["97.00 % of the answers are the baseline", "there are no labels"]),
        (made_report(labelled=False), ['<th scope="col">Size</th><th scope="col">Agreement']),
        (
            made_report(made_variant(BASE, "Baseline"), made_variant(INT8, "Slow", latency=made_latency(2.02, 1.01))),
            ["it is as fast as the baseline within the uncertainty (0.90 to 1.10 times)"],
        ),
        (
            made_report(
                warnings=(
                    Note(code="machine_busy", text="Others were busy."),
                    Note(code=codes.BASELINE_LOOKS_BROKEN, text="The baseline looks broken"),
                ),
                failures=(
                    Failure(branch=0, step=1, technique="prune", code="step", message="it broke", next="try again"),
                ),
            ),
            ["<li>The baseline looks broken.</li>\n<li>A part failed: it broke.</li>\n<li>Others were busy.</li>"],
        ),
    ],
)
def test_every_ending_has_its_own_sentences(report, texts):
    text = body(html_report(report, "run")).replace("&#39;", "'")
    for expected in texts:
        assert expected in text


@pytest.mark.parametrize(
    ("report", "texts"),
    [
        (
            made_report(),
            [
                "Start Static INT8 in onnxruntime (CPUExecutionProvider) with 2 threads, as it was measured",
                "onnxruntime (CPUExecutionProvider) with 2 threads and batch size 1; all files",
            ],
        ),
        (
            made_raced_report(),
            [
                "it answers 2.50 times as fast as the baseline in onnxruntime (2.27 to 2.78 times)",
                "Start Static INT8, OpenVINO bf16 in openvino (CPU) with 2 threads (INFERENCE_PRECISION_HINT bf16)",
                "Each file in its own of onnxruntime, OpenVINO bf16, its speed against the baseline in onnxruntime,",
            ],
        ),
        (
            made_raced_report(recommended=Recommendation(id=BASE_BF16, reason=Note(code="fastest", text="it is fast"))),
            ["the baseline in onnxruntime (1.14 to 1.39 times), and its file is the baseline's own"],
        ),
    ],
)
def test_it_says_how_to_start_the_winner_and_what_each_file_was_timed_in(report, texts):
    text = body(html_report(report, "run")).replace("&#39;", "'")
    for expected in texts:
        assert expected in text


@pytest.mark.parametrize("cpu", ["A CPU", "Another CPU"])
def test_cores_and_memory_stand_beside_the_processor_that_has_them(cpu):
    """The run's own, also where the latencies were measured again on another machine, of which neither is known."""
    again = LatencyMeasurement(
        created="2026-02-03T00:00:00+00:00", cpu=cpu, latencies={}, throughputs={}, estimates={}, stands=True
    )
    report = made_report(measurements=(again,))
    page = body(html_report(report, "run"))
    card = " ".join(model_card(report, "run", {}, None, False, "someone/digits").split())
    assert "A CPU, 2 cores, 8.00 GB of memory" in page
    assert "on A CPU, on 1 January 2026" in page
    assert "Measured on A CPU with 2 cores" in card
    elsewhere = ("; the latencies are from Another CPU, on 3 February 2026", "Another CPU, where they were measured")
    assert [text in page for text in elsewhere] == [cpu != "A CPU"] * 2
    assert ("with 2 cores, the latencies on Another CPU, all files" in card) == (cpu != "A CPU")


def test_nothing_is_to_be_started_where_nothing_is_recommended():
    assert "How to start it" not in html_report(made_disturbed_report(), "run")


def test_images_show_both_answers_those_that_changed_first(tmp_path):
    report = with_examples(made_report(), tmp_path)
    text = body(html_report(report, "run", cards(report, tmp_path)))
    shown = re.findall(r'<li class="(\w+)">.*?Labelled <strong>(\d)</strong>', text, flags=re.DOTALL)
    assert shown == [("changed", "8"), ("changed", "3"), ("alike", "0")]
    for expected in ("<dd>8, 90 %</dd><dt>after</dt><dd>3, 60 %</dd>", "right → wrong", "wrong → right", "same answer"):
        assert expected in text
    assert text.count("data:image/png;base64,") == 3
    assert "3 of 540 images have another answer, the 2 shown first lose most" in text


def test_what_is_no_picture_of_the_run_never_gets_into_it(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "secret.png").write_bytes(b"\x89PNG\r\n\x1a\nsecret")
    report = with_examples(made_report(), tmp_path / "run")
    away, text, gone = (
        one.model_copy(update={"picture": name}) for one, name in zip(report.examples, NAMES, strict=True)
    )
    (tmp_path / "run" / "text.png").write_text("a text")
    report = report.model_copy(update={"examples": (away, text, gone)})
    assert cards(report, tmp_path / "run") == []
    assert "No pictures are at hand" in html_report(report, "run", cards(report, tmp_path / "run"))


def test_images_are_spoken_of_only_where_there_could_be_some():
    assert "were left out of this report" in html_report(made_report(), "run", with_images=False)
    for report in (made_report(made_variant(BASE, "Baseline")), made_task_report("detection F1", arrays=False)):
        assert "The same images" not in html_report(report, "run")
