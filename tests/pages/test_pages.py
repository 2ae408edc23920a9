import re
from io import BytesIO
from pathlib import Path

import pytest

from engine import (
    TECHNIQUES,
    BaselineModel,
    Distill,
    FileModel,
    Finetune,
    PruneChannel,
    PruneSparse,
    QuantizeAuto,
    QuantizeStatic,
    SampleData,
    SampleModel,
    Simplify,
    Target,
    TimmModel,
    dump_recipe,
    list_jobs,
    recipe,
    save_upload,
)
from engine.results import ClassCount, DataPreview, Note
from engine.settings import Preprocess
from engine.settings.target import CUDA
from pages._ui import wording
from pages._ui.cards import Card, of_chain
from pages._ui.draft import Draft, from_link, sample, to_link
from pages._ui.optimize import distill_view
from tests.made import BASE, INT8, made_profile, made_report, made_variant

ROOT = Path(__file__).parents[2]
PAGES = ["start", "model", "data", "optimize", "runs", "results", "compare", "ship", "machine", "race"]
PIXELS = Preprocess(size=(64, 64), mean=(0.5,), std=(0.25,))


def words(at) -> str:
    """All that a page says."""
    said = [*at.title, *at.header, *at.subheader, *at.markdown, *at.caption, *at.error, *at.warning, *at.info]
    return "\n".join(str(element.value) for element in said)


def plain_words(at) -> str:
    """The same without the escapes of Markdown."""
    return words(at).replace("\\", "")


def button(at, label):
    return next(button for button in at.button if button.label == label)


def buttons(at, label):
    return next(group for group in at.button_group if group.label == label)


def lines(at):
    """The cards of the steps, each in its line."""
    return [one.label for one in at.expander if re.match(r"(:gray\[)?\*\*\d", one.label)]


def box(at, label):
    return next(box for box in at.selectbox if box.label == label)


@pytest.mark.parametrize("name", PAGES)
def test_an_empty_home_has_pages_that_teach(app, name):
    at = app(f"pages/{name}.py")
    assert not at.error or name == "optimize"
    assert len(words(at)) > 60


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_short_and_leaves_the_state_to_its_room(name):
    text = (ROOT / f"pages/{name}.py").read_text()
    assert len(text.splitlines()) < 80
    for file in (ROOT / "pages").rglob("*.py"):
        touches = re.search(r"session_state|query_params\b(?!=)|time\.sleep", file.read_text())
        assert not touches or file.name == "state.py", file


def test_one_click_runs_the_sample_and_leads_to_the_run(app):
    at = app()
    button(at, "Run the sample").click().run()
    (run,) = list_jobs()
    assert run.state == "queued"
    assert at.query_params["run"] == run.id
    assert at.title[0].value == "Digits, quantization race"


def test_run_submits_the_recipe_and_leads_to_its_run(app):
    at = app("pages/optimize.py", draft=to_link(sample().replace(goal="size")))
    button(at, "Run").click().run()
    (run,) = list_jobs()
    assert recipe(run.id).goal == "size"
    assert at.query_params["run"] == run.id


def test_a_timm_model_is_profiled_and_its_card_says_what_it_is(app, answer):
    draft = Draft(model=TimmModel(name="resnet10t", weights="random"))
    at = app("pages/model.py", draft=to_link(draft))
    answer(made_profile())
    at.run()
    assert {metric.label: metric.value for metric in at.metric} == {
        "Parameters": "5.44 M",
        "MACs": "700 M",
        "Input": "3×176×176",
        "Classes": "1,000",
        "ONNX file": "21.7 MB",
    }
    assert "answers mean nothing" in words(at)
    assert at.get("plotly_chart")


def test_an_unreachable_hub_is_one_sentence_with_ways_out_and_never_random_weights_by_itself(app, answer):
    at = app("pages/model.py", draft=to_link(Draft(model=TimmModel(name="resnet18.a1_in1k"))))
    answer(error=Note(code="hub", text="the Hub could not be reached"), next="check the network")
    at.run()
    assert [error.value for error in at.error] == ["The Hub could not be reached\\.  \nCheck the network\\."]
    assert from_link(at.query_params["draft"]).model == TimmModel(name="resnet18.a1_in1k")
    button(at, "Go on with random weights").click().run()
    assert from_link(at.query_params["draft"]).model == TimmModel(name="resnet18", weights="random")


def preview(**changed):
    values = {
        "summary": made_report().data,
        "counts": (ClassCount(name="0", train=1, calibration=1, evaluation=1, holdout=0),),
        "skipped": (Note(code="image_skipped", text="'x.png' was left out: it is broken"),),
        "examples": (),
        "n_outputs": 1000,
        "head_fits": False,
        "preprocess": PIXELS,
    }
    return DataPreview(**(values | changed))


def test_a_head_that_does_not_fit_offers_the_fine_tune_and_optimize_carries_it(app, answer):
    model = TimmModel(name="resnet10t", weights="random")
    at = app("pages/data.py", draft=to_link(Draft(model=model, data=SampleData())))
    answer(preview())
    at.run()
    assert "head does not fit" in words(at)
    at.toggle[0].set_value(True).run()
    assert from_link(at.query_params["draft"]).steps[0] == Finetune()
    at.switch_page("pages/optimize.py").run()
    assert lines(at)[0].startswith("**1. Fine-tune** · fine\\-tune for 5 epochs")
    assert at.toggle[0].value is True


def test_no_data_is_a_choice_that_says_what_is_lost(app):
    at = app("pages/data.py", images="No data", draft=to_link(Draft(model=SampleModel())))
    assert "agreement" in words(at)
    button(at, "Go on without data").click().run()
    assert from_link(at.query_params["draft"]).synthetic


def test_the_address_restores_what_was_chosen(app):
    chosen = sample().replace(cards=of_chain([QuantizeStatic(method="static", calibration_images=17)]), goal="size")
    at = app("pages/optimize.py", draft=to_link(chosen))
    assert at.number_input[0].value == 17
    at.number_input[0].set_value(18).run()
    assert from_link(at.query_params["draft"]).steps[0].calibration_images == 18
    assert from_link(at.query_params["draft"]).goal == "size"


def test_a_broken_address_is_said_and_starts_afresh(app):
    at = app("pages/optimize.py", draft="@@@")
    assert "does not hold a usable project" in words(at)


def test_a_refused_recipe_says_why_and_cannot_be_run(app):
    at = app("pages/optimize.py", draft=to_link(sample().replace(target=Target(threads=1000))))
    assert "1,000 is not possible\\: this machine has" in words(at)
    assert "it can run: Threads" in words(at)
    assert button(at, "Run").disabled


def added(at, technique):
    """The button that adds a step of this technique."""
    return next(button for button in at.button if (button.key or "").startswith(f"add-{technique}@"))


def addable(at):
    """The techniques that the menu has a button for."""
    return {key.group(1) for button in at.button if (key := re.match(r"add-(\w+)@", button.key or ""))}


def test_training_is_not_on_offer_for_an_onnx_file_and_says_why(app):
    at = app("pages/optimize.py", draft=to_link(Draft(model=FileModel(sha256="0" * 64), data=SampleData())))
    assert addable(at) & {"finetune", "prune", "distill"} == {"distill"}
    assert "Fine\\-tune trains a torch model and cannot change an ONNX file" in words(at)


def switch(at, title):
    return next(toggle for toggle in at.toggle if title in toggle.label)


def test_the_methods_of_quantization_each_have_their_form_and_auto_is_the_default(app):
    at = app("pages/optimize.py", draft=to_link(sample()))
    assert switch(at, "Quantize").value is True
    assert "A race on this machine and your images" in words(at)
    method = next(group for group in at.button_group if group.label == "Method")
    assert method.value == "auto"
    for name in ("static", "dynamic", "weights", "auto"):
        next(group for group in at.button_group if group.label == "Method").set_value(name).run()
        assert not at.exception
        assert not at.error
        assert from_link(at.query_params["draft"]).steps[0].method == name
        assert not button(at, "Run").disabled


def test_what_was_pruned_recovers_from_the_network_that_it_was():
    draft = sample().with_step(PruneChannel())
    assert distill_view.initial_step(draft) == Distill(teacher=BaselineModel())


def test_a_student_is_chosen_on_its_card_and_a_teacher_of_a_recipe_stays(app):
    at = app("pages/optimize.py", draft=to_link(sample()))
    added(at, "distill").click().run()
    assert not at.exception
    begun = Distill(student=distill_view.SAMPLE_STUDENT, student_weights="random", learning_rate=2e-3)
    assert from_link(at.query_params["draft"]).steps[0] == distill_view.initial_step(sample()) == begun
    student = box(at, "Student")
    assert student.options[0] == distill_view.ITSELF
    assert student.options[1].startswith("test_")
    student.set_value("resnet18").run()
    assert from_link(at.query_params["draft"]).steps[0].student == "resnet18"
    assert "the answers of the model so far into a new resnet18" in words(at)
    assert distill_view.BESIDE_LABELS in [caption.value for caption in at.caption]
    box(at, "Student").set_value(distill_view.ITSELF).run()
    assert distill_view.BESIDE_LABELS not in [caption.value for caption in at.caption]
    teacher = Distill(student="hf_hub:a/b", teacher=FileModel(sha256="0" * 64), epochs=7)
    at = app("pages/optimize.py", draft=to_link(sample().with_student(teacher)))
    assert "The teacher is the file that the recipe names" in words(at)
    assert from_link(at.query_params["draft"]).steps[0] == teacher


def test_the_teacher_is_the_baseline_a_timm_model_or_an_uploaded_file(app, tmp_path):
    with (tmp_path / "t.onnx").open("wb+") as file:
        file.write(b"a teacher")
        file.seek(0)
        stored = save_upload("t.onnx", "onnx", file)
    at = app("pages/optimize.py", draft=to_link(sample().with_student(Distill())))
    for kind, teacher in (
        ("baseline", BaselineModel()),
        ("timm", TimmModel(name=distill_view.DEFAULT_TEACHER)),
        ("chain", None),
    ):
        buttons(at, "Teacher").set_value(kind).run()
        assert not at.exception
        assert from_link(at.query_params["draft"]).steps[0].teacher == teacher
    buttons(at, "Teacher").set_value("file").run()
    assert "until one is, the model so far teaches" in words(at)
    box(at, "Uploaded to this home").set_value(box(at, "Uploaded to this home").options[0]).run()
    assert from_link(at.query_params["draft"]).steps[0].teacher == FileModel(sha256=stored.sha256)
    buttons(at, "What is matched").set_value("features").run()
    assert "an ONNX file, which shows its answers alone" in words(at)


def test_a_teachers_file_goes_where_its_card_goes(app, tmp_path):
    stored = []
    for name in ("one", "two"):
        with (tmp_path / name).open("wb+") as file:
            file.write(name.encode())
            file.seek(0)
            stored.append(FileModel(sha256=save_upload(f"{name}.onnx", "onnx", file).sha256))
    cards = of_chain((Distill(teacher=stored[1]), Distill(teacher=stored[0])))
    at = app("pages/optimize.py", draft=to_link(sample().replace(cards=cards)))
    for number in range(2):
        picker = [one for one in at.selectbox if one.label == "Uploaded to this home"][number]
        picker.set_value(next(one for one in picker.options if one.startswith(("one", "two")[number]))).run()
    assert [step.teacher for step in from_link(at.query_params["draft"]).steps] == stored
    act(at, 0, "Move down")
    assert [step.teacher for step in from_link(at.query_params["draft"]).steps] == stored[::-1]


def test_another_architecture_takes_the_models_place(app):
    at = app("pages/optimize.py", draft=to_link(sample()))
    added(at, "swap").click().run()
    assert not at.exception
    begun = from_link(at.query_params["draft"]).steps[0]
    assert (begun.architecture, begun.weights, begun.learn_from) == (distill_view.SAMPLE_STUDENT, "random", "labels")
    box(at, "Architecture").set_value("resnet18").run()
    buttons(at, "Learns from").set_value("model").run()
    assert "put resnet18 in the model's place, train it on the answers of the model so far" in words(at).lower()
    at = app("pages/optimize.py", draft=to_link(sample().replace(model=FileModel(sha256="0" * 64))))
    added(at, "swap").click().run()
    begun = from_link(at.query_params["draft"]).steps[0]
    assert (begun.architecture, begun.weights, begun.learn_from) == (
        distill_view.DEFAULT_STUDENT,
        "pretrained",
        "model",
    )


def test_an_onnx_file_needs_a_student_and_distilling_needs_images(app):
    chosen = sample().replace(model=FileModel(sha256="0" * 64))
    at = app("pages/optimize.py", draft=to_link(chosen))
    added(at, "distill").click().run()
    student = next(box for box in at.selectbox if box.label == "Student")
    assert distill_view.ITSELF not in student.options
    at = app("pages/optimize.py", draft=to_link(chosen.replace(data=None, synthetic=True)))
    assert "distill" not in addable(at)
    assert "Distil needs images, and the recipe has none" in words(at)


def test_int8_and_float16_exclude_each_other_in_a_sentence(app):
    at = app("pages/optimize.py", draft=to_link(sample().with_step(Simplify())))
    assert [line.split(" · ")[0] for line in lines(at)] == ["**1. Simplify**", "**2. Quantize**"]
    assert "float16" not in addable(at)
    assert "a weight is stored in one number format, and there it is INT8 already" in words(at)
    switch(at, "Quantize").set_value(False).run()
    added(at, "float16").click().run()
    draft = from_link(at.query_params["draft"])
    assert [step.technique for step in draft.steps] == ["simplify", "float16"]
    assert "Simplify the graph, then convert to 16" in words(at)
    switch(at, "Quantize").set_value(True).run()
    assert "a weight is stored in one number format, and there it is INT8 already" in words(at)
    assert button(at, "Run").disabled


CHAIN = of_chain([PruneChannel(), Finetune(epochs=2), QuantizeAuto()])


def techniques(at):
    return [step.technique for step in from_link(at.query_params["draft"]).steps]


def of_card(at, name, index):
    return next(button for button in at.button if (button.key or "").startswith(f"{name}-{index}@"))


def menu(at, index):
    return next(menu for menu in at.menu_button if (menu.key or "").startswith(f"menu-{index}@"))


def act(at, index, option):
    """Move or remove a card by its menu."""
    menu(at, index).click(option).run()


def test_cards_are_moved_switched_off_and_removed_and_keep_their_settings(app):
    at = app("pages/optimize.py", draft=to_link(sample().replace(cards=CHAIN)))
    assert [menu(at, index).options for index in range(3)] == [
        ["Move down", "Remove"],
        ["Move up", "Move down", "Remove"],
        ["Move up", "Remove"],
    ]
    act(at, 1, "Move up")
    assert techniques(at) == ["finetune", "prune", "quantize"]
    assert next(number for number in at.number_input if number.label == "Epochs").value == 2
    assert "Fine\\-tune for 2 epochs and export\\: the baseline" in words(at)
    switch(at, "Prune").set_value(False).run()
    assert techniques(at) == ["finetune", "quantize"]
    assert lines(at)[1] == ":gray[**2. Prune** · off]"
    assert not from_link(at.query_params["draft"]).cards[1].on
    switch(at, "Prune").set_value(True).run()
    act(at, 0, "Remove")
    assert techniques(at) == ["prune", "quantize"]
    assert not at.exception


def test_a_card_that_is_open_stays_open_where_it_goes(app):
    at = app("pages/optimize.py", draft=to_link(sample().replace(cards=CHAIN)))
    at.session_state["open-1"] = True
    at.run()
    act(at, 1, "Move up")
    assert [at.session_state[f"open-{index}"] for index in range(3)] == [True, False, False]
    added(at, "simplify").click().run()
    assert techniques(at) == ["finetune", "prune", "simplify", "quantize"]
    assert [at.session_state[f"open-{index}"] for index in range(4)] == [True, False, True, False]


def test_a_card_says_in_its_line_what_it_does_by_now(app):
    at = app("pages/optimize.py", draft=to_link(sample().replace(cards=CHAIN)))
    next(number for number in at.number_input if number.label == "Channels to remove, %").set_value(55.0).run()
    assert lines(at)[0] == "**1. Prune** · remove 55 % of the channels"
    assert "Remove 55 % of the channels, then" in words(at)


def test_a_card_in_a_place_that_is_impossible_says_so_and_the_run_waits(app):
    at = app("pages/optimize.py", draft=to_link(sample().replace(cards=CHAIN)))
    act(at, 1, "Move down")
    assert any("Fine\\-tune comes after Quantize" in warning.value for warning in at.warning)
    assert button(at, "Run").disabled
    act(at, 2, "Move up")
    assert not at.warning
    assert not button(at, "Run").disabled


def test_settings_that_are_refused_are_said_on_their_card_and_hold_the_run_back(app):
    at = app("pages/optimize.py", draft=to_link(sample().replace(cards=CHAIN)))
    goal = buttons(at, "What decides how much goes")
    goal.set_value("macs").run()
    assert from_link(at.query_params["draft"]).steps[0] == PruneChannel(goal="macs", goal_value=0.5)
    buttons(at, "What decides how much goes").set_value("size").run()
    assert button(at, "Run").disabled
    assert "Correct what is marked in red" in words(at)
    assert from_link(at.query_params["draft"]).steps[0] == PruneChannel(goal="macs", goal_value=0.5)


@pytest.mark.parametrize(
    ("label", "value", "step"),
    [("Epochs", 0, " (step 2)"), ("Epochs", 100_000, " (step 2)"), ("Time to search and train, min", 0.0, "")],
)
def test_a_field_that_is_wrong_stops_the_run_and_the_panel_says_which(app, label, value, step):
    at = app("pages/optimize.py", draft=to_link(sample().replace(cards=CHAIN)))
    field = next(number for number in at.number_input if number.label == label)
    before, was = from_link(at.query_params["draft"]), field.value
    field.set_value(value).run()
    assert not at.exception
    assert button(at, "Run").disabled
    assert f"it can run: {wording.plain(label + step)}" in words(at)
    assert from_link(at.query_params["draft"]) == before
    next(number for number in at.number_input if number.label == label).set_value(was).run()
    assert not button(at, "Run").disabled


def test_methods_of_a_technique_are_chosen_on_its_card(app):
    at = app("pages/optimize.py", draft=to_link(sample().replace(cards=CHAIN[:1])))
    next(group for group in at.button_group if group.label == "Method").set_value("sparse").run()
    assert from_link(at.query_params["draft"]).steps == (PruneSparse(method="sparse"),)
    assert "Sets the smallest weights to zero" in words(at)


@pytest.mark.parametrize("technique", sorted({settings.model_fields["technique"].default for settings in TECHNIQUES}))
def test_every_technique_has_a_card_and_a_second_one_where_the_rules_let_it(app, technique):
    at = app("pages/optimize.py", draft=to_link(sample().replace(cards=())))
    added(at, technique).click().run()
    assert not at.exception
    assert techniques(at) == [technique]
    again = [one for one in at.button if (one.key or "").startswith(f"add-{technique}@")]
    for one in again:
        one.click().run()
    assert not at.exception
    assert techniques(at) == [technique] * (1 + len(again))


def test_each_step_alone_makes_chains_beside_the_one_that_combines_them(app):
    at = app("pages/optimize.py", draft=to_link(sample().replace(cards=CHAIN)))
    next(group for group in at.button_group if group.label == "Steps").set_value(True).run()
    assert "2 more chains, of one step each" in words(at)
    button(at, "Run").click().run()
    assert [len(chain) for chain in recipe(list_jobs()[0].id).chains] == [3, 1, 1]


def test_a_recipe_can_be_opened_and_a_bad_one_is_refused_by_name(app):
    at = app("pages/optimize.py")
    at.file_uploader[0].upload("bad.yaml", b"version: 1\nmodell: {}").run()
    assert any("modell" in error.value for error in at.error)
    at = app("pages/optimize.py")
    at.file_uploader[0].upload("good.yaml", dump_recipe(sample().recipe()).encode()).run()
    assert not at.error
    assert from_link(at.query_params["draft"]) == sample()


def test_a_run_is_loaded_again_with_its_recipe(app, finished):
    run = finished()
    at = app("pages/optimize.py", recipe=run.id)
    assert from_link(at.query_params["draft"]).name == "digits to int8"
    assert "recipe" not in at.query_params


def test_a_waiting_run_says_what_it_waits_for_and_can_be_cancelled(app, queued):
    queued("first")
    second = queued("second")
    at = app("pages/results.py", run=second.id)
    assert "It waits for **first**, which waits before it" in words(at)
    button(at, "Cancel").click().run()
    assert list_jobs()[0].state == "cancelled"
    assert "It was cancelled before it began" in words(at)
    assert not at.error


def test_a_running_run_shows_its_parts_and_the_time_that_is_left(app, finished):
    at = app("pages/results.py", run=finished(made_report(state="running"), state="running").id)
    assert "so far" in words(at)
    parts = [one.label for one in [*at.status, *at.expander]]
    assert any("Load the model and the data" in label for label in parts)
    assert any("Measure all variants" in label for label in parts)
    assert not at.get("download_button")


def test_runs_are_a_table_of_answers_newest_first(app, queued, finished):
    finished(name="old")
    queued("new")
    rows = app("pages/runs.py").dataframe[0].value
    assert rows["Run"].tolist() == ["new", "old"]
    assert rows["Recommended"].tolist()[1] == "Static INT8"
    assert (rows["Speed-up"][1], rows["Size, MB"][1], rows["Top-1"][1]) == (2.0, 5.0, 99.0)
    assert (rows["Model"][1], rows["Steps"][1], rows["State"][1]) == ("Digits network", "Static INT8", ["done"])


def test_runs_are_searched_and_filtered_and_the_address_keeps_it(app, finished):
    finished(name="alpha")
    finished(made_report(state="failed"), name="beta", state="failed")
    at = app("pages/runs.py", find="static ALPHA")
    assert at.dataframe[0].value["Run"].tolist() == ["alpha"]
    at.text_input[0].set_value("").run()
    assert at.dataframe[0].value["Run"].tolist() == ["beta", "alpha"]
    at.button_group[0].set_value(["failed"]).run()
    assert at.dataframe[0].value["Run"].tolist() == ["beta"]
    at.text_input[0].set_value("alpha").run()
    assert len(at.dataframe[0].value) == 0
    assert not at.exception


def test_an_unknown_run_is_one_sentence_with_a_way_out_and_no_path_of_the_server(app, home):
    for page in ("pages/runs.py", "pages/results.py"):
        at = app(page, run="nosuchrun")
        assert "There is no run 'nosuchrun' here" in words(at)
        assert str(home.path) not in words(at)
        assert [link for link in at.get("page_link") if "All runs" in str(link.proto)]


def test_the_results_without_a_run_are_those_of_the_last_one(app, finished):
    first, second = finished(name="first"), finished(name="second")
    at = app("pages/results.py")
    assert at.title[0].value == "second"
    assert at.query_params["run"] == second.id
    at = app("pages/results.py", run=first.id)
    at.switch_page("pages/runs.py").run()
    at.switch_page("pages/results.py").run()
    assert at.title[0].value == "first"


def test_a_name_is_shown_and_never_obeyed(app, finished):
    run = finished(name="![x](https://example.com/x.png) **bold** <b>")
    for page in ("pages/runs.py", "pages/results.py"):
        at = app(page, run=run.id)
        assert at.title[0].value == r"\!\[x\]\(https\://example\.com/x\.png\) \*\*bold\*\* \<b\>"


def test_results_give_the_answer_then_the_evidence(app, finished):
    at = app("pages/results.py", run=finished().id)
    assert [metric.value for metric in at.metric] == ["2.00×", "1 ms", "5.00 MB", "99.0 %"]
    assert [metric.delta for metric in at.metric] == ["1.82 to 2.22", "from 2 ms", "from 20.0 MB", "from 99.0 %"]
    assert "Take Static INT8: it answers 2.00 times as fast as the baseline (1.82 to 2.22 times)" in plain_words(at)
    assert at.get("download_button")[0].proto.label == "Download the ONNX file, 5.00 MB"
    table = at.table[0].value
    assert table["Speed"].tolist() == ["–", "2.00× :green[(1.82 – 2.22)]"]
    assert "Throughput" not in table
    assert table["Size"].tolist() == ["20.0 MB", "5.00 MB :green[−75 %]"]
    assert "probably within budget" in table["Verdict"].tolist()[1]
    assert "accuracy unsure" not in table["Verdict"].tolist()[1]
    assert "which is probably within the budget of 1 point" in plain_words(at)
    assert "3 of 540 images have another answer: 0 from right to wrong" in plain_words(at)
    assert "The class that loses most is '8': 5.0 points on its 54 images" in plain_words(at)
    assert len(at.get("plotly_chart")) == 7
    at.toggle[0].set_value(True).run()
    assert at.table[0].value["Throughput"].tolist() == ["500 /s", "1,000 /s"]


def test_without_labels_nothing_is_called_accuracy(app, finished):
    at = app("pages/results.py", run=finished(made_report(labelled=False)).id)
    assert "ccuracy" not in words(at).replace("accuracy within budget", "")
    assert "Agreement with the baseline" in [metric.label for metric in at.metric]


def test_a_download_names_its_run_and_its_variant_and_the_hash_is_shown(app, finished):
    run = finished()
    at = app("pages/results.py", run=run.id, view="Take home")
    code = [block.value for block in at.code]
    assert "b" * 64 in code
    assert any(f"static-int8-{run.id}-{INT8}.onnx" in block for block in code)


def test_how_it_was_measured_names_machine_data_and_recipe(app, finished):
    at = app("pages/results.py", run=finished().id, view="How it was measured")
    assert "A CPU" in words(at)
    assert any("calibration_images" in block.value for block in at.code)


def test_a_card_that_prunes_proposes_the_training_that_should_follow(app):
    at = app("pages/optimize.py", draft=to_link(sample().replace(cards=of_chain([PruneChannel(), QuantizeAuto()]))))
    of_card(at, "recover", 0).click().run()
    assert techniques(at) == ["prune", "finetune", "quantize"]
    assert not [one for one in at.button if (one.key or "").startswith("recover-")]


def preset_button(at, name):
    return next(button for button in at.button if (button.key or "").startswith(f"preset-{name}@"))


def test_a_preset_fills_the_cards_and_says_about_how_long_it_takes(app):
    at = app("pages/optimize.py", draft=to_link(sample()))
    assert len(re.findall(r"\*\*About \d+ (?:s|min)\*\*, estimated", words(at))) == 3 + 1  # the presets' and the plan's
    preset_button(at, "balanced").click().run()
    assert not at.exception
    assert techniques(at) == ["prune", "finetune", "quantize"]
    assert not button(at, "Run").disabled
    assert from_link(at.query_params["draft"]).title == "Digits network, prune channels, fine-tune and quantize"
    assert preset_button(at, "balanced").icon
    next(number for number in at.number_input if number.label == "Epochs").set_value(9).run()
    assert not any(one.icon for one in at.button if (one.key or "").startswith("preset-"))
    preset_button(at, "safe").click().run()
    assert from_link(at.query_params["draft"]) == sample().replace(name=None)


def test_a_race_says_beforehand_that_it_may_train_and_can_be_asked_not_to(app):
    at = app("pages/optimize.py", draft=to_link(sample().replace(cards=of_chain([QuantizeAuto()]))))
    assert "the race may train" in words(at)
    assert "which may train where rounding loses too much" in words(at)
    switch(at, "Train where rounding loses too much").set_value(False).run()
    assert from_link(at.query_params["draft"]).steps == (QuantizeAuto(escalate=False),)
    assert "which may train" not in words(at)
    assert not at.exception


def test_a_race_on_a_card_speaks_of_no_quantizing_and_no_training(app):
    on_card = sample().replace(cards=of_chain([QuantizeAuto()]), target=Target(provider=CUDA))
    at = app("pages/optimize.py", draft=to_link(on_card))
    assert "race 16\\-bit floats on the card" in words(at) + " ".join(one.label for one in at.expander)
    assert "Nothing is quantized" in words(at)
    assert "may train" not in words(at)
    assert not at.exception


def test_a_preset_that_is_not_on_offer_says_why_and_what_to_do(app):
    upload = save_upload("model.onnx", "onnx", BytesIO(bytes(20_000_000)))
    at = app("pages/optimize.py", draft=to_link(Draft(model=FileModel(sha256=upload.sha256), data=SampleData())))
    assert preset_button(at, "balanced").disabled
    assert "cannot change an ONNX file\\. Smallest works" in words(at)
    preset_button(at, "smallest").click().run()
    assert techniques(at) == ["distill", "quantize"]


def test_results_show_what_each_step_gave_and_the_family(app, finished):
    at = app("pages/results.py", run=finished().id, view="Steps")
    assert len(at.get("plotly_chart")) == 4
    assert at.selectbox[0].value == INT8
    assert "File size, step by step" in words(at)
    alone = finished(made_report(made_variant(BASE, "Baseline")))
    at = app("pages/results.py", run=alone.id)
    assert "Steps" not in next(group for group in at.button_group if group.label == "View").options


def test_a_press_right_after_a_field_was_changed_keeps_what_it_says(app):
    at = app("pages/optimize.py", draft=to_link(sample().replace(cards=of_chain([PruneChannel(), QuantizeAuto()]))))
    next(field for field in at.number_input if field.label == "Channels to remove, %").set_value(70.0)
    next(field for field in at.number_input if field.label == "Time to search and train, min").set_value(7.0)
    next(one for one in at.button if one.label.startswith("Fine-tune after it")).click().run()
    draft = from_link(at.query_params["draft"])
    assert [step.technique for step in draft.steps] == ["prune", "finetune", "quantize"]
    assert draft.steps[0].ratio == 0.7
    assert draft.budget.minutes == 7


@pytest.mark.parametrize("label", ["Safe", "Prune"])
def test_a_preset_or_a_step_to_add_keeps_the_limits_that_were_just_typed(app, label):
    at = app("pages/optimize.py", draft=to_link(sample()))
    next(field for field in at.number_input if field.label == "Time to search and train, min").set_value(7.0)
    button(at, label).click().run()
    assert from_link(at.query_params["draft"]).budget.minutes == 7


def test_two_cards_that_prune_stand_below_each_other_whether_on_or_off(app):
    off = Card(step=PruneChannel(), on=False)
    for cards in ((off, Card(step=PruneChannel())), (Card(step=PruneChannel()), Card(step=PruneChannel(ratio=0.5)))):
        at = app("pages/optimize.py", draft=to_link(sample().replace(cards=cards)))
        assert not at.error
        assert not button(at, "Run").disabled


@pytest.mark.parametrize(("goal", "label", "value", "text"), [
    ("macs", "MACs that may be left, %", 100.0, "100 % of the MACs would be left, it must be less than 100 %."),
    ("macs", "MACs that may be left, %", -5.0, "-5 is not possible: above 0."),
    ("latency", "Latency that may be left, %", 150.0, "150 % of the latency would be left, it must be less"),
    ("size", "File size, at most, MB", None, "How large the file may be is missing."),
    ("size", "File size, at most, MB", 0.0, "0 is not possible: above 0."),
])  # fmt: skip
def test_how_much_may_be_left_is_refused_in_the_words_and_the_unit_of_its_field(app, goal, label, value, text):
    at = app("pages/optimize.py", draft=to_link(sample().replace(cards=CHAIN)))
    buttons(at, "What decides how much goes").set_value(goal).run()
    next(number for number in at.number_input if number.label == label).set_value(value).run()
    assert any(wording.plain(text) in shown.value for shown in at.markdown)
    assert button(at, "Run").disabled
