import base64
import csv
import io
import runpy
import sys
from types import SimpleNamespace
from typing import get_args

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from engine import (
    BaselineModel,
    Distill,
    FileModel,
    Finetune,
    Float16,
    ImagesData,
    PruneChannel,
    PruneSparse,
    QuantizeAuto,
    QuantizeDynamic,
    QuantizeStatic,
    QuantizeWeights,
    Recipe,
    SettingsError,
    Simplify,
    Swap,
    TimmModel,
    dump_recipe,
    parse_recipe,
)
from engine.data.preprocess import prepare
from engine.results import InputSpec, Note, Recommendation
from engine.settings import TECHNIQUES, Budget, Preprocess, Split, Target
from engine.settings.target import OWNERS
from engine.wording import size_text
from pages._ui import forms, row_selection, wording
from pages._ui.cards import Card, branches, of_chain
from pages._ui.draft import Draft, from_link, from_recipe, sample, to_link
from pages._ui.model import catalogue_view
from pages._ui.optimize import target_view
from pages._ui.results import variant_table
from pages._ui.results.snippet import snippet
from tests.made import BASE, INT8, RECIPE, made_cold_start, made_report, made_variant

SHA = "0" * 64


def with_cards(*steps, **values):
    return Draft(cards=of_chain(steps), **values)


DRAFTS = [
    Draft(),
    sample(),
    with_cards(model=FileModel(sha256=SHA), synthetic=True),
    with_cards(Finetune(epochs=3), data=ImagesData(sha256=SHA, labels="none"), seed=7, name="ä ö"),
    Draft(budget=Budget(max_accuracy_drop=None), split=Split(train=0.5, calibration=0.2), goal="size"),
    with_cards(QuantizeStatic(method="static", float_nodes=("a", "b, c"), operators=("Conv",), reduce_range=False)),
    with_cards(QuantizeDynamic(method="dynamic", float_nodes=("head",)), Simplify()),
    with_cards(QuantizeWeights(method="weights", block_size=128)),
    with_cards(Simplify(), Float16(keep_io_types=False)),
    with_cards(Distill(student="resnet18", student_weights="random", teacher=FileModel(sha256=SHA)), alone=True),
    with_cards(Swap(architecture="resnet18", learn_from="model"), Distill(teacher=BaselineModel())),
    with_cards(Finetune(), PruneChannel(ratio=0.4), Finetune(epochs=9), QuantizeAuto(), alone=True),
    Draft(cards=(Card(step=PruneSparse(method="sparse"), on=False), Card(step=QuantizeAuto()))),
    Draft(chains=((Simplify(),), (Float16(),))),
]


@pytest.mark.parametrize("draft", DRAFTS)
def test_a_draft_survives_its_address(draft):
    assert from_link(to_link(draft)) == draft


def test_a_link_holds_a_long_chain_and_says_only_what_differs():
    long = with_cards(*[PruneChannel(ratio=0.1), Finetune(epochs=2)] * 9, QuantizeAuto())
    assert len(to_link(long)) < 2_000
    assert from_link(to_link(long)) == long


def test_a_quantization_without_a_method_is_a_race_in_a_link_and_in_a_recipe():
    asked = b'{"cards":[{"step":{"technique":"quantize","calibration_images":9}}]}'
    assert from_link(base64.urlsafe_b64encode(asked).decode()).steps == (QuantizeAuto(calibration_images=9),)
    old = parse_recipe("{model: {kind: sample}, data: {kind: sample}, steps: [{technique: quantize}]}")
    assert from_recipe(old).steps == (QuantizeAuto(),)
    assert from_recipe(old).chains is None


POSSIBLE = [draft for draft in DRAFTS if draft.steps and not draft.chains]


@pytest.mark.parametrize("draft", POSSIBLE, ids=lambda draft: draft.title[:30])
def test_what_the_cards_say_comes_back_from_its_recipe(draft):
    whole = sample().replace(name=draft.title, cards=of_chain(draft.steps), alone=draft.alone and len(draft.steps) > 1)
    assert from_recipe(parse_recipe(dump_recipe(whole.recipe()))) == whole


def test_a_name_goes_with_what_it_told_of():
    draft = sample()
    assert draft.replace(seed=7, goal="size").name == draft.name
    assert draft.with_step(Simplify()).name is None
    assert draft.replace(data=ImagesData(sha256=SHA, labels="none")).name is None
    assert draft.replace(name="mine", model=None).name == "mine"


def test_the_cards_make_one_chain_in_their_order_with_a_name():
    draft = sample().replace(name=None, cards=of_chain((Finetune(), PruneChannel(), Simplify(), QuantizeAuto())))
    assert [step.technique for step in draft.steps] == ["finetune", "prune", "simplify", "quantize"]
    assert draft.title == "Digits network, fine-tune, prune channels, simplify and quantize"
    off = draft.replace(cards=(*draft.cards[:1], draft.cards[1].model_copy(update={"on": False}), *draft.cards[2:]))
    assert [step.technique for step in off.recipe().steps] == ["finetune", "simplify", "quantize"]


def test_a_step_is_added_where_it_belongs():
    draft = sample()
    for step in (Simplify(), PruneChannel(), Finetune(), Distill(student="resnet18")):
        draft = draft.with_step(step)
    assert [s.technique for s in draft.steps] == ["prune", "finetune", "distill", "simplify", "quantize"]
    assert draft.with_step(Finetune(epochs=1), at=0).steps[0] == Finetune(epochs=1)
    assert draft.with_step(Finetune(epochs=1), at=0).without_first_step() == draft


def test_a_student_learns_from_the_model_before_anything_changed_it():
    new = Distill(student="resnet18")
    off = Draft(cards=(Card(step=Distill(), on=False), Card(step=QuantizeAuto())))
    assert off.with_student(new).cards == (Card(step=new), Card(step=QuantizeAuto()))
    assert with_cards(PruneChannel(), Finetune(), QuantizeAuto()).with_student(new).steps == (
        new,
        PruneChannel(),
        Finetune(),
        QuantizeAuto(),
    )
    assert with_cards(Finetune(), PruneChannel()).with_student(new).steps == (Finetune(), new, PruneChannel())
    assert Draft(chains=((), (Simplify(),))).with_student(new).chains is None


def test_each_alone_begins_with_the_fine_tune_that_makes_the_baseline_and_is_never_told_twice():
    given = sample().chain_inputs
    whole = (Finetune(), PruneChannel(), Finetune(epochs=2), QuantizeAuto())
    assert branches(whole, given) == (
        whole,
        (Finetune(), Finetune(epochs=2)),
        (Finetune(), QuantizeAuto()),
    )
    student = Distill(student="resnet18")
    of_a_file = Draft(model=FileModel(sha256=SHA), synthetic=False, data=sample().data).chain_inputs
    assert branches((student, PruneChannel(), QuantizeAuto()), of_a_file)[1:] == ((QuantizeAuto(),),)
    assert branches((), given) == ((),)


def test_a_card_that_cannot_stand_there_is_refused_before_the_run_by_its_title():
    draft = sample().replace(cards=of_chain((QuantizeAuto(), Finetune())))
    with pytest.raises(SettingsError, match=r"Fine-tune comes after Quantize.*put Fine-tune first"):
        draft.recipe()


@pytest.mark.parametrize("word", ["x", "@@", "e30" * 10_000, "bnVsbA", "eyJ4IjoxfQ"])
def test_an_address_that_holds_no_draft_is_refused(word):
    with pytest.raises(SettingsError):
        from_link(word)


def test_a_recipe_comes_back_from_its_draft():
    assert from_recipe(RECIPE).recipe() == RECIPE


def test_chains_that_the_toggles_cannot_say_are_kept():
    steps = QuantizeStatic(method="static"), QuantizeStatic(method="static", per_channel=False)
    recipe = Recipe.parse({**RECIPE.model_dump(exclude={"steps", "branches"}), "branches": [[step] for step in steps]})
    draft = from_recipe(recipe)
    assert draft.chains == recipe.branches
    assert draft.recipe() == recipe


@pytest.mark.parametrize(("draft", "missing"), [(Draft(), "model"), (Draft(model=FileModel(sha256=SHA)), "data")])
def test_what_is_missing_is_named(draft, missing):
    with pytest.raises(SettingsError, match=f"no {missing}"):
        draft.recipe()


def given(technique):
    """What this class cannot be made without."""
    method = technique.model_fields.get("method")
    architecture = {"architecture": "resnet18"} if "architecture" in technique.model_fields else {}
    return architecture | ({"method": get_args(method.annotation)[0]} if method else {})


def form_script(kind, values):
    import streamlit as st

    import engine
    from pages._ui import forms

    techniques = {settings.__name__: settings for settings in engine.TECHNIQUES}
    settings = techniques[kind] if kind in techniques else getattr(engine, kind)
    filled = forms.form(settings, "f", settings.parse(values))
    st.session_state["result"], st.session_state["problems"] = filled.settings, filled.problems


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        *((technique.__name__, given(technique)) for technique in TECHNIQUES),
        ("Target", {}),
        ("Budget", {}),
        ("Split", {}),
        ("TimmModel", {"name": "resnet18"}),
    ],
)
def test_every_settings_class_is_drawn_and_gives_its_defaults_back(kind, values):
    import engine

    techniques = {settings.__name__: settings for settings in TECHNIQUES}
    at = AppTest.from_function(form_script, args=(kind, values)).run()
    assert not at.exception
    assert at.session_state["result"] == (techniques.get(kind) or getattr(engine, kind)).parse(values)


def test_a_form_has_the_declared_limits_help_and_expert_fields():
    at = AppTest.from_function(form_script, args=("Finetune", {})).run()
    epochs = at.number_input[0]
    assert (epochs.label, epochs.step) == ("Epochs", 1)
    assert epochs.help == "Passes over the train images. At least 1, at most 1,000."
    assert at.expander[0].label == "Expert settings"
    epochs.set_value(9).run()
    assert at.session_state["result"] == Finetune(epochs=9)


INVALID = [
    ("Finetune", {}, "Epochs", 0, "0 is not possible: at least 1, at most 1,000."),
    ("Finetune", {}, "Epochs", -3, "-3 is not possible: at least 1, at most 1,000."),
    ("Finetune", {}, "Epochs", 100_000, "100,000 is not possible: at least 1, at most 1,000."),
    (
        "TimmModel",
        {"name": "resnet18"},
        "Image size, px",
        999_999,
        "999,999 is not possible: at least 16, at most 2,048.",
    ),
    ("Budget", {}, "Time to search and train, min", 0.0, "0 is not possible: above 0, at most 10,080."),
    ("Budget", {}, "Accuracy that may be lost, points", 101.0, "101 is not possible: at least 0, at most 100."),
    ("PruneChannel", {"method": "channel"}, "Channels to remove, %", 100.0, "100 is not possible: above 0, below 100."),
]


@pytest.mark.parametrize(("kind", "values", "label", "value", "text"), INVALID)
def test_a_field_that_is_wrong_says_so_beside_it_and_changes_nothing(kind, values, label, value, text):
    import engine

    at = AppTest.from_function(form_script, args=(kind, values)).run()
    field = next(number for number in at.number_input if number.label == label)
    field.set_value(value).run()
    assert not at.exception
    assert at.session_state["problems"] == (label,)
    assert any(wording.plain(text) in shown.value for shown in at.markdown)
    assert at.session_state["result"] == getattr(engine, kind).parse(values)


def test_what_is_wrong_with_several_fields_together_stands_below_them():
    at = AppTest.from_function(form_script, args=("Split", {})).run()
    at.number_input[0].set_value(50.0).run()
    assert at.session_state["problems"] == (
        "Train, calibration, evaluation and holdout sum to 90 %, they must sum to 100 %.",
    )


def test_a_share_is_shown_in_hundredths_and_comes_back_as_it_was():
    at = AppTest.from_function(form_script, args=("PruneChannel", {"ratio": 0.29})).run()
    field = next(number for number in at.number_input if number.label == "Channels to remove, %")
    assert field.value == 29
    assert at.session_state["result"].ratio == 0.29
    field.set_value(57.0).run()
    assert at.session_state["result"].ratio == 0.57


FORMS = {
    **dict.fromkeys(TECHNIQUES),
    Target: ("runtime", *OWNERS, *target_view.ALL),
    Budget: None,
    Split: None,
    TimmModel: catalogue_view.SHAPE,
}


@pytest.mark.parametrize("kind", FORMS)
def test_every_field_of_a_form_is_in_words(kind):
    """A label that its settings class declares, help, and words for what can be chosen."""
    for field, info in kind.model_fields.items():
        if not forms._choosable(info) or (FORMS[kind] and field not in FORMS[kind]):
            continue
        assert forms._extra(info).get("label"), field
        assert info.description, field
        values = [value for value in get_args(forms._unwrap(info.annotation)[0]) if isinstance(value, str)]
        assert set(values) <= set(forms._extra(info).get("choices", values[:1])), field


def test_an_empty_number_and_an_automatic_answer_are_none():
    at = AppTest.from_function(form_script, args=("Target", {"threads": 2})).run()
    next(number for number in at.number_input if number.label == "Threads").set_value(None).run()
    assert at.session_state["result"] == Target()


def test_a_list_of_names_is_read_by_lines_and_commas_and_left_alone_when_nobody_touches_it():
    values = {"method": "static", "float_nodes": ["a, of one layer", "b"]}
    at = AppTest.from_function(form_script, args=("QuantizeStatic", values)).run()
    assert at.session_state["result"].float_nodes == ("a, of one layer", "b")
    operators, nodes = at.text_area
    assert (operators.placeholder, nodes.placeholder) == ("automatic", "none")
    operators.set_value(" Conv, Gemm\n\nMatMul,").run()
    assert at.session_state["result"].operators == ("Conv", "Gemm", "MatMul")


def test_a_choice_of_numbers_stays_a_number_and_yes_or_no_may_stay_automatic():
    at = AppTest.from_function(form_script, args=("QuantizeWeights", {"method": "weights"})).run()
    at.selectbox[0].set_value(128).run()
    assert at.session_state["result"].block_size == 128
    at = AppTest.from_function(form_script, args=("QuantizeStatic", {"method": "static"})).run()
    reduce_range = next(group for group in at.button_group if group.label == "7-bit weights")
    assert reduce_range.value == "automatic"
    reduce_range.set_value("no").run()
    assert at.session_state["result"].reduce_range is False


def token_script():
    import streamlit as st

    from pages._ui import state

    st.session_state["result"] = state.token(st.button("Run"))


def test_a_press_that_arrives_twice_has_one_token_and_the_next_one_another():
    at = AppTest.from_function(token_script).run()
    drawn = at.session_state["result"]
    for _ in range(2):
        at.button[0].click().run()
        assert at.session_state["result"] == drawn
    at.run()
    assert at.session_state["result"] != drawn


SETTINGS = [
    Preprocess(size=(64, 64), mean=(0.5,), std=(0.25,)),
    Preprocess(size=(32, 48), mean=(0.4, 0.5, 0.6), std=(0.2, 0.2, 0.3), crop_pct=0.9, interpolation="bilinear"),
    Preprocess(size=(48, 48), mean=(0, 0, 0), std=(1, 1, 1), crop_pct=0.875, channels="bgr", scale=1.0),
    Preprocess(size=(40, 24), mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), resize="squash", interpolation="nearest"),
    Preprocess(size=(32, 32), mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), crop_pct=1.3),
    Preprocess(size=(64, 48), mean=(0, 0, 0), std=(1, 1, 1), resize="letterbox", interpolation="bilinear"),
    Preprocess(size=(32, 32), mean=(0.5,), std=(0.5,), resize="letterbox", crop_pct=0.9),
]


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize(
    ("size", "dtype", "channels_last"),
    [((50, 81), "float", False), ((120, 47), "float16", False), ((33, 33), "double", True)],
)
def test_the_snippet_feeds_the_model_exactly_what_was_measured(
    settings, size, dtype, channels_last, tmp_path, monkeypatch, capsys
):
    seen = []
    shape = (3 if settings.channels != "gray" and len(settings.mean) == 3 else 1, *settings.size)

    class Session:
        def __init__(self, path, providers):
            assert (path, providers) == ("it's.onnx", ["CPUExecutionProvider"])

        def get_inputs(self):
            axes = (*shape[1:], shape[0]) if channels_last else shape
            return [SimpleNamespace(name="x", type=f"tensor({dtype})", shape=["batch", *axes])]

        def run(self, outputs, feeds):
            assert outputs == ["scores"]
            seen.append(feeds["x"])
            return [np.array([[[[0.1]], [[0.7]], [[0.2]]]])]

    monkeypatch.setitem(sys.modules, "onnxruntime", SimpleNamespace(InferenceSession=Session))
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(pixels).save("image.png")
    variant = made_variant(INT8, "x", input=InputSpec(shape=shape, preprocess=settings), output="scores")
    text = snippet(variant, "it's.onnx", ("cat", "dog's", 'a "b"'))
    (tmp_path / "run.py").write_text(text.replace("image.jpg", "image.png"))
    runpy.run_path("run.py")
    with Image.open("image.png") as image:
        expected = prepare(image, settings.model_dump())[None]
    wanted = expected.transpose(0, 2, 3, 1) if channels_last else expected
    wanted = wanted.astype({"float16": np.float16, "double": np.float64}.get(dtype, np.float32))
    assert seen[0].dtype == wanted.dtype
    np.testing.assert_array_equal(seen[0], wanted)
    assert capsys.readouterr().out.splitlines()[0] == "dog's 0.700"


def test_what_its_time_cut_short_is_marked_beside_the_others():
    late = made_variant(INT8, "late", notes=(Note(code="out_of_time", text="The time was up"),))
    cells = variant_table.as_frame(made_report(made_variant(BASE, "Baseline"), late))["Variant"]
    assert ["its time was up" in cell for cell in cells] == [False, True]


def test_what_was_not_timed_is_not_called_as_fast():
    untimed = made_variant(INT8, "x", latency=None)
    row = variant_table.as_frame(made_report(made_variant(BASE, "Baseline"), untimed)).iloc[1]
    assert "not timed" in row["Verdict"]
    assert "fast" not in row["Verdict"]


@pytest.mark.parametrize(
    ("code", "words"),
    [("no_better_than_chance", "no better than guessing"), ("chance_uncertain", "not surely better than guessing")],
)
def test_nothing_about_what_may_guess_is_green(code, words):
    verdict = made_variant(INT8, "x").verdict.model_copy(update={"codes": (code,)})
    best = Recommendation(id=BASE, reason=Note(code="x", text="x"))
    lucky, lost = (
        variant_table.as_frame(made_report(made_variant(BASE, "Baseline"), one, recommended=best)).iloc[1]
        for one in (made_variant(INT8, "x"), made_variant(INT8, "x", verdict=verdict))
    )
    assert "green" in " ".join(lucky)
    assert "green" not in " ".join(lost)
    assert words in lost["Verdict"]


def test_the_csv_has_plain_numbers_and_gaps():
    rows = list(csv.DictReader(io.StringIO(variant_table.as_csv(made_report()))))
    assert [row["id"] for row in rows] == [BASE, INT8]
    assert float(rows[1]["latency_ratio_high"]) == pytest.approx(0.55)
    assert (rows[0]["agreement"], rows[1]["agreement"]) == ("", "0.97")
    assert (rows[0]["load_ms"], rows[1]["load_ms_high"], rows[1]["n_processes"]) == ("40.0", "110.00000000000001", "3")
    assert tuple(rows[0]) == variant_table.COLUMNS


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (999, "999 B"),
        (250_000, "0.25 MB"),
        (5_034_120, "5.03 MB"),
        (81_000_000_000, "81.0 GB"),
        (210_000_000, "210 MB"),
    ],
)
def test_bytes_are_decimal_with_three_digits(value, text):
    assert size_text(value) == text


def test_figures_in_words():
    assert wording.count(11_689_512) == "11.7 M"
    assert wording.change(25, 100) == "−75 %"
    assert wording.points(-0.0019) == "−0.19 pt"
    assert [wording.duration(seconds) for seconds in (4.24, 59.7, 3700)] == ["4.2 s", "1 min 0 s", "1 h 1 min"]
    assert wording.sentence("the file is none. ") == "The file is none."
    assert wording.plain("a*b\n[c](d)") == r"a\*b \[c\]\(d\)"


def selection(rows, cells):
    return SimpleNamespace(selection=SimpleNamespace(rows=rows, cells=cells))


@pytest.mark.parametrize(
    ("rows", "cells", "row"), [([], [], None), ([2], [], 2), ([], [(1, "name")], 1), ([7], [], None)]
)
def test_a_row_is_picked_by_its_box_or_its_cells(rows, cells, row):
    assert row_selection.selected_row(selection(rows, cells), 3) == row


def test_load_and_memory_are_in_all_figures_with_what_they_are_and_older_reports_have_none():
    frame = variant_table.as_frame(made_report(), everything=True)
    assert frame["Load"].tolist() == ["40 ms :gray[(36 – 44)]", "100 ms :gray[(90 – 110)]"]
    assert frame["Peak memory"].tolist() == ["92.0 MB", "92.0 MB"]
    assert "3 fresh processes" in variant_table.legend(made_report(), everything=True)
    assert "fresh" not in variant_table.legend(made_report())
    assert "Load" not in variant_table.as_frame(made_report()).columns
    older = made_report(made_variant(BASE, "Baseline", cold_start=None))
    assert "Load" not in variant_table.as_frame(older, everything=True).columns
    assert "fresh" not in variant_table.legend(older, everything=True)


def test_the_import_of_every_runtime_that_was_measured_is_said():
    elsewhere = made_cold_start(50.0, 1.2).model_copy(update={"runtime": "openvino"})
    report = made_report(made_variant(BASE, "Baseline"), made_variant(INT8, "Static INT8", cold_start=elsewhere))
    memory = "20 ms and 18.0 MB more"
    expected = f"imported onnxruntime ({memory}) or openvino ({memory}) before"
    assert expected in variant_table.legend(report, everything=True)
