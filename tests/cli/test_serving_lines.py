"""What a bundle's server did under load, on the command line."""

from engine.cli.serving import read_choice
from engine.cli.serving_lines import of_serve_bench
from engine.results import Note
from engine.settings import ServeChoice
from tests.made_serving import made_cell, made_serve_bench


def test_every_load_has_a_line_and_the_best_settings_end_it():
    text = "\n".join(of_serve_bench(made_serve_bench(max_p99_ms=50.0)))
    assert "400.0 (360.0 to 440.0)" in text
    assert "best without its cache within 50 ms: up to 8 images a call, 160.0 answers/s with p99 20.0 ms" in text
    assert "best with its cache within 50 ms: up to 8 images a call, 320.0 answers/s" in text


def test_what_failed_says_why():
    failed = made_cell(4, 1.0, state="failed", points=(), note=Note(code="run", text="no room"))
    lines = of_serve_bench(made_serve_bench(failed, complete=False))
    assert any("no room" in line for line in lines)
    assert any("ended before every setting" in line for line in lines)


def test_a_choice_is_read_back(tmp_path):
    (tmp_path / "choice.json").write_text(ServeChoice().model_dump_json())
    assert read_choice(tmp_path / "choice.json") == ServeChoice()
