"""Layers on the page of a run: offered, followed, chosen by the address, estimated, and measured by one press."""

import csv
import io

from engine import list_jobs, recipe
from engine.results import Note
from engine.results.layer_errors import LayerError, LayerErrors, UnmatchedLayer
from engine.settings import QuantizeStatic, Swap
from engine.store.folders import Outcome, now
from pages._ui.results import layers_table
from tests.made import BASE, INT8, made_report, made_variant
from tests.made_charts import made_layer_errors, made_time_profile
from tests.pages.conftest import claim
from tests.pages.test_pages import button, plain_words, words

STATIC = QuantizeStatic(method="static", float_nodes=("first",))


def opened(app, id, **more):
    return app("pages/results.py", run=id, view="Layers", **more)


def compared(app, finished, answer, errors, **variant):
    """A run whose layers were compared."""
    values = {"settings": STATIC, "id": INT8, "label": "Static INT8"} | variant
    run = finished(made_report(made_variant(BASE, "Baseline"), made_variant(**values)))
    button(opened(app, run.id), "Compare the layers").click().run()
    answer(errors)
    return run.id


def test_the_layers_are_offered_followed_and_found_again_by_the_address(app, finished, answer, queue):
    run = finished()
    at = opened(app, run.id)
    assert "Which layers lose the most?" in words(at)
    button(at, "Compare the layers").click().run()
    assert not at.exception
    assert "Comparing the layers" in words(at)
    answer(made_layer_errors(4))
    at = opened(app, run.id, layer="layer2/Conv", order="Along the graph")
    assert not at.exception
    assert at.selectbox(key="layer").value == "layer2/Conv"
    assert "On 16 evaluation images the output of **Static INT8** is **30.0 dB** beside FP32" in words(at)
    assert next(iter(at.dataframe[0].value["Layer"])) == "layer3/Conv"
    assert "1 layer not compared" in [one.label for one in at.expander]


def test_a_layer_in_float_is_estimated_and_measured_in_a_run_of_its_own(app, finished, answer, queue):
    id = compared(app, finished, answer, made_layer_errors(4))
    at = opened(app, id, layer="layer3/Conv")
    assert "estimated:** Output's SQNR 28.0 dB → 29.5 dB · File +0.30 MB" in words(at)
    at.button(key="keep-in-float").click().run()
    assert not at.exception
    (new, _) = list_jobs("run")
    assert new.name == "digits to int8, layer3/Conv in float"
    (step,) = recipe(new.id).chains[0]
    assert step.float_nodes == ("first", "layer3/Conv")
    mark = "".join(at.query_params["float"])
    assert mark.endswith(new.id)
    at = opened(app, id, layer="layer3/Conv", **{"float": mark})
    assert "Measure it as a new variant" not in [one.label for one in at.button]
    finish(queue, new.id)
    at = opened(app, id, layer="layer3/Conv", **{"float": mark})
    assert "Measured:** output's SQNR 31.0 dB → 31.0 dB on 540 images · file 5.00 MB → 5.00 MB" in words(at)
    at.button(key="compare-float").click().run()
    assert at.multiselect(key="with").value == [id, new.id]


def finish(queue, id):
    """Ends the run that waits with a report."""
    assert claim(queue, "run") == id
    queue.home.job(id).write("report.json", made_report(run_id=id))
    queue.finish(id, Outcome(state="done", exit_status=0, started=now(), finished=now()))


def test_where_nothing_can_be_kept_in_float_the_card_says_why(app, finished, answer):
    id = compared(app, finished, answer, made_layer_errors(2), settings=None)
    at = opened(app, id)
    assert "No layer of Static INT8 can be kept in float by its name" in plain_words(at)
    assert "keep-in-float" not in [one.key for one in at.button]
    at = opened(app, id, layer="layer0/Conv")
    assert "Its weights are 32-bit floats already" in words(at)


def test_a_comparison_that_failed_says_why(app, finished, answer):
    run = finished()
    button(opened(app, run.id), "Compare the layers").click().run()
    answer(error=Note(code="other_data", text="the images are others now"), next="Run its recipe again")
    at = opened(app, run.id)
    assert [one for one in at.error if "Run its recipe again" in one.value]
    assert "Compare the layers" in [one.label for one in at.button]


def test_another_network_is_refused_in_words(app, finished):
    other = made_variant(INT8, "Swapped", settings=Swap(architecture="resnet10t"))
    at = opened(app, finished(made_report(made_variant(BASE, "Baseline"), other)).id)
    assert [one for one in at.error if "another network" in one.value]


def test_the_table_has_the_share_of_time_and_the_csv_every_layer():
    profile = made_time_profile(2)
    name = profile.rows[0].name
    row = LayerError(
        name=name,
        operator="Conv",
        sqnr_db=20.0,
        worst_sqnr_db=18.0,
        worst_image="a.png",
        size_bytes=100,
        reference_bytes=400,
        stored="int8",
    )
    errors = LayerErrors(
        variant_id=INT8,
        reference_id=BASE,
        n_images=1,
        on_images=True,
        output_sqnr_db=20.0,
        rows=(row,),
        unmatched=(UnmatchedLayer(name="x", operator="Conv", reason=Note(code="other_shape", text="smaller")),),
    )
    frame = layers_table.as_frame(errors, profile)
    assert frame["Share of time"][0] == 100 * profile.rows[0].model_ms / profile.model_parts_ms
    assert layers_table.as_frame(errors, None)["Share of time"][0] is None
    (line,) = csv.DictReader(io.StringIO(layers_table.as_csv(errors, profile)))
    assert (line["layer"], line["sqnr_db"], line["bytes"]) == (name, "20.0", "100")
