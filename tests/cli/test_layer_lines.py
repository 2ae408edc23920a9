"""The layers and classes of a variant on the command line."""

from engine.cli.layer_lines import of_class_changes, of_layer_errors
from engine.results import Note
from tests.made_charts import made_class_changes, made_layer_errors


def test_layers_stand_by_their_error_with_what_each_in_float_would_change():
    warning = Note(code="out_of_time", text="the minutes were up")
    lines = of_layer_errors(made_layer_errors(3).model_copy(update={"warnings": (warning,)}))
    assert lines[1].split() == ("layer2/Conv Conv 33.3 dB 24.7 dB (image 2) int8 0.20 MB 29.0 dB (+1.0)".split())
    assert lines[3].split() == "layer0/Conv Conv exact - float32 0 B -".split()
    assert "output: 30.0 dB beside aaaaaaaaaaaa on 16 evaluation images, and 28.0 dB on the 8" in lines[5]
    assert lines[-2:] == ["not compared: head (Gemm), another shape", "warning: the minutes were up"]


def test_classes_stand_by_their_change_with_the_moves():
    lines = of_class_changes(made_class_changes(30, labels_missing=True))
    assert "surely" in lines[1]
    assert "and 10 classes with smaller changes" in lines
    assert any("are taken for" in line for line in lines)
    assert lines[-1].startswith("warning: the run stored no labels")
