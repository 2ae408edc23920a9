"""What came out: JSON both ways, nothing unknown, nothing that changes."""

import json

import pytest
from pydantic import ValidationError

import engine.results as declared
from engine.planning.comparing import compare_reports
from engine.planning.gate import judge_gate
from engine.results import (
    Advice,
    Applicability,
    Architecture,
    ArraySummary,
    CatalogueEntry,
    CheckItem,
    ClassCount,
    Confusion,
    CutShort,
    DataPreview,
    Disagreement,
    Disagreements,
    Estimate,
    Event,
    Example,
    ExampleAnswer,
    Failure,
    FolderReading,
    FolderUse,
    GraphNode,
    Hardware,
    Identification,
    ImportedFile,
    Job,
    JobRef,
    LabelFile,
    LabelOutput,
    LabelPredictions,
    LatencyEstimate,
    LatencyMeasurement,
    LayerSensitivity,
    ModelProfile,
    ModelSignature,
    ModelTraits,
    Note,
    OrderSuggestion,
    OutputCount,
    OutputFidelity,
    OwnModel,
    Part,
    Preflight,
    PreprocessingDetection,
    PreprocessingTrial,
    Preset,
    Protection,
    Provider,
    Published,
    Race,
    Refusal,
    Report,
    Result,
    Sensitivity,
    SensitivityPoint,
    Suggestion,
    TechniqueInfo,
    TensorSpec,
    Trial,
    Upload,
    Usage,
    cut_short,
    summarize,
    unfinished_ids,
)
from engine.settings import HardwareRequest, Preprocess, QuantizeAuto, Target
from tests.made import (
    BASE,
    GRAY,
    INT8,
    LATE,
    OVER,
    SLOW,
    WON,
    made_call_latency,
    made_cold_start,
    made_open_race_report,
    made_race,
    made_race_report,
    made_report,
    made_trial,
    made_variant,
)
from tests.made_audit import made_audit
from tests.made_serving import made_serve_bench
from tests.made_speed import made_showdown, made_sweep

NOTE = Note(code="new_head", text="The head is new: Käfer")
REPORT = made_report(
    warnings=(NOTE,),
    failures=(Failure(branch=None, step=None, technique=None, code="disk_full", message="the disk is full", next=""),),
)
COMPARISON = compare_reports([("one", REPORT), ("two", REPORT.model_copy(update={"data": None, "run_id": "other"}))])
GATE = judge_gate(REPORT, max_drop=1)
DISAGREEMENTS = Disagreements(
    variant_id=INT8,
    n_images=9,
    n_evaluation=10,
    counts={"right_to_wrong": 1},
    rows=(
        Disagreement(
            image_id="a.png",
            label="cat",
            kind="right_to_wrong",
            baseline_answer="cat",
            baseline_probability=0.9,
            variant_answer="dog",
            variant_probability=0.6,
            damage=0.5,
            label_is_doubtful=True,
            picture="image-000.png",
            baseline_map="baseline_map-000.png",
        ),
    ),
)
EXAMPLE = Example(
    image_id="a.png",
    label="cat",
    picture="examples/00.png",
    answers={BASE: ExampleAnswer(name="cat", probability=0.9), INT8: ExampleAnswer(name="dog", probability=0.6)},
)
LABEL_FILE = LabelFile(
    name="labels.tsv",
    format="tab-separated",
    encoding="UTF-16",
    has_header=True,
    columns=("img_path", "category"),
    file_column="img_path",
    label_column="category",
    n_rows=36,
    rows=(("cat/00.png", "Käfer"),),
)
PREVIEW = DataPreview(
    summary=REPORT.data,
    counts=(ClassCount(name="3", train=1, calibration=2, evaluation=3, holdout=0),),
    skipped=(NOTE,),
    examples=(("0.png", "3"),),
    n_outputs=10,
    head_fits=None,
    preprocess=GRAY,
    label_file=LABEL_FILE,
)
PREDICTIONS = LabelPredictions(
    label="cat", output=0, name=None, n_images=9, predictions=(OutputCount(output=2, name="dog", n_images=9),)
)
SHUFFLED = OrderSuggestion(order="offset", offset=2, outputs=(2,), n_images=5, n_right_now=0, n_right=5, p_value=0.001)
NODE = GraphNode(name="stem", operator="Conv", inputs=(), output_shape=(1, 8, 4, 4), weight_bytes=864, macs=3456)
PROFILE = ModelProfile(
    name="a.onnx",
    format="onnx",
    weights="file",
    inputs={"x": ("batch", 1, 64, 64)},
    outputs={"y": ("batch", 10)},
    opset=20,
    parameters=1,
    macs=None,
    size_bytes=2,
    layers={"Conv": 3},
    classes=("0", "1"),
    n_outputs=10,
    preprocess=GRAY,
    warnings=(NOTE,),
    graph=(NODE,),
)
JOB = Job(
    id="run1",
    kind="run",
    name="a",
    state="failed",
    created="2026-01-01T00:00:00+00:00",
    started=None,
    finished=None,
    seconds=0.5,
    phase="load",
    fraction=0.1,
    message="loading",
    attempts=1,
    position=None,
    estimate_seconds=None,
    error=NOTE,
    error_next="",
    waits_for=(JobRef(id="run0", name="b", state="running"),),
)
TECHNIQUE = TechniqueInfo(
    technique="quantize", method=None, title="Quantize", stage="onnx", summary="INT8.", schema={"type": "object"}
)
BASELINE, VARIANT = REPORT.variants
REFUSAL = Refusal(message="the teacher does not fit", next="Choose another")
TRIAL = Trial(
    name="Static INT8",
    reason=NOTE,
    stage="final",
    outcome=NOTE,
    ratio=0.5,
    ratio_low=0.4,
    ratio_high=0.6,
    n_rounds=12,
    fidelity=None,
)
RACE = Race(branch=0, step=0, parent_id="a" * 12, winner_id="b" * 12, reason=NOTE, n_images=64, seconds=30.0)
POINT = SensitivityPoint(ratio=0.5, top1=0.9)
LAYER = LayerSensitivity(layer="layer1.0.conv1", channels=64, points=(POINT,))
PUBLISHED = Published(tag="a1_in1k", img_size=224, top1=0.71)
TRIED = PreprocessingTrial(
    preprocess=Preprocess(size=(8, 8), mean=(0.5,), std=(0.5,)),
    stage="declared",
    n_images=64,
    confidence=0.8,
    entropy=0.4,
    n_answers=9,
)
ARCHITECTURE = Architecture(
    name="resnet18", family="resnet", why="plain", parameters=1, published=PUBLISHED, latency=VARIANT.latency
)
OWN = OwnModel(
    name="m",
    architecture="resnet50",
    input_shape=(3, 224, 224),
    n_outputs=10,
    published=PUBLISHED,
    accuracy=BASELINE.accuracy,
    p50_ms=2.0,
    lowest_ms=1.0,
    highest_ms=3.0,
)
DISTURBED = LatencyEstimate(processor_ms=1.0, ratio_to_baseline=0.5, n_runs=100, n_disturbed=99)
EXAMPLES: tuple[Result, ...] = (
    NOTE,
    made_call_latency(2.0),
    REPORT,
    REPORT.environment,
    REPORT.data,
    REPORT.failures[0],
    REPORT.recommended,
    BASELINE,
    BASELINE.input,
    BASELINE.latency,
    BASELINE.throughput,
    BASELINE.accuracy,
    VARIANT.fidelity,
    OutputFidelity(name="boxes", sqnr_db=None),
    TensorSpec(name="ids", dtype="int64", shape=("sequence",)),
    VARIANT.verdict,
    VARIANT.comparison,
    VARIANT.class_loss,
    VARIANT.selection,
    PREVIEW,
    PREVIEW.counts[0],
    made_audit(),
    made_audit().checks[0],
    made_audit().checks[0].examples[0],
    made_audit().classes[0],
    REFUSAL,
    Preflight(refusals=(REFUSAL,), unknown=(HardwareRequest(),)),
    summarize(REPORT),
    PROFILE,
    NODE,
    JOB,
    *JOB.waits_for,
    TECHNIQUE,
    TRIAL,
    RACE,
    POINT,
    LAYER,
    PUBLISHED,
    ARCHITECTURE,
    OWN,
    Advice(
        own=OWN,
        target=Target(),
        architectures=(ARCHITECTURE,),
        front=("resnet18",),
        reason=NOTE,
        environment=REPORT.environment,
    ),
    TRIED,
    PreprocessingDetection(
        trials=(TRIED,),
        labelled=False,
        n_compared=20,
        n_calibration=60,
        n_selection=4,
        n_evaluation=0,
        untried=(TRIED.preprocess,),
        pictures=(("cat", "declared-0.png", "better-0.png"),),
        seconds=1.5,
        warnings=(NOTE,),
    ),
    Sensitivity(layers=(LAYER,), top1=0.99, labelled=True, n_images=64, warnings=(NOTE,)),
    Event(time="2026-01-01T00:00:00+00:00", step="s", phase="p", fraction=0.5, message="m", metrics={"loss": 0.1}),
    Part(key="baseline", title="Baseline", state="running", seconds=1.5, fraction=0.5, message="m"),
    Protection(name="files", in_force=False, means="Landlock", meaning="m"),
    Provider(runtime="onnxruntime", name="CPUExecutionProvider", works=False, reason="no"),
    ModelSignature(inputs={"x": ("n", 3, "h", "w")}, outputs={"y": ("n", 10)}),
    ModelTraits(format="onnx", control_flow=("If",), odd_value=("list", "a sequence"), weighted_layers=("Conv",)),
    Applicability(technique="qat", method=None, title="QAT", needs=("images",), refusal=Refusal(message="m", next="n")),
    Identification(name="n.pt", n_tensors=2, parameters=3, architectures=("resnet18",), notes=(NOTE,)),
    ImportedFile(file="upload/model.onnx", notes=(NOTE,)),
    Hardware(environment=REPORT.environment, providers=(), gpus=("one",)),
    CatalogueEntry(name="n", family="f", parameters=1, macs=2, input_size=(3, 8, 8), pretrained_tags=("a1_in1k",)),
    Estimate(seconds=1.5, phases={"export": 1.5}),
    DISTURBED,
    LatencyMeasurement(
        created="2026-01-01T00:00:00+00:00",
        cpu="A CPU",
        latencies={},
        throughputs={},
        estimates={"a" * 12: DISTURBED},
        stands=True,
    ),
    Preset(name="safe", title="Safe", text="Quantizes.", steps=(QuantizeAuto(),), refused=NOTE, next="Choose images"),
    Suggestion(
        code="quantize", title="Race", text="It may help", basis="unknown", steps=(QuantizeAuto(),), target=Target()
    ),
    Upload(sha256="a" * 64, name="x.zip", kind="images", size_bytes=1, created="now", path="/x"),
    Usage(home="/h", jobs_bytes=1, cache_bytes=2, uploads_bytes=3, database_bytes=4, free_bytes=5),
    CutShort(branch=0, step=1, variant_id="b" * 12, is_race=False, note=NOTE),
    CheckItem(name="disk", ok=False, found="full", next="free it"),
    LABEL_FILE,
    FolderUse(name="train", role="train", n_images=3),
    FolderReading(note=NOTE, folders=(FolderUse(name="unseen", role="left_out", n_images=30),)),
    ArraySummary(name="input_ids", dtype="int64", shape=(128,), low=0, high=30521, mean=15000.5),
    LabelOutput(label="n01440764", output=0, name="tench, Tinca tinca", n_images=50),
    PREDICTIONS,
    PREDICTIONS.predictions[0],
    SHUFFLED,
    Confusion(rows=(PREDICTIONS,), n_outputs=3, examples=(("0.png", "cat", "dog"),), suggestion=SHUFFLED),
    made_cold_start(40.0, 2.0),
    made_cold_start(40.0, 2.0).load_ms,
    COMPARISON,
    COMPARISON.variants[0],
    COMPARISON.differences[0],
    DISAGREEMENTS,
    DISAGREEMENTS.rows[0],
    EXAMPLE,
    EXAMPLE.answers[BASE],
    GATE,
    GATE.rules[0],
    made_showdown(),
    made_showdown().rows[0],
    made_showdown().pairs[0],
    made_serve_bench(),
    made_serve_bench().cells[0],
    made_serve_bench().cells[0].points[0],
    made_serve_bench().cells[0].times,
    made_serve_bench().cells[0].simulated[0],
    made_sweep(),
    made_sweep().cells[0],
)
NAMES = [type(example).__name__ for example in EXAMPLES]


def written(result: Result) -> dict:
    return json.loads(result.model_dump_json(by_alias=True))


def test_every_class_has_one_example():
    kinds = {
        value.__name__ for value in vars(declared).values() if isinstance(value, type) and issubclass(value, Result)
    }
    assert sorted(NAMES) == sorted(kinds - {"Result"})


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_json_both_ways(example):
    assert type(example).model_validate(written(example)) == example


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_unknown_keys_are_refused_by_name(example):
    with pytest.raises(ValidationError, match="nonsense"):
        type(example).model_validate(written(example) | {"nonsense": 1})


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_nothing_can_be_changed_afterwards(example):
    field = next(iter(type(example).model_fields))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(example, field, getattr(example, field))


def test_a_report_has_the_keys_that_the_contract_promises():
    report = written(REPORT)
    assert report.keys() >= set(
        "schema_version run_id state created seconds recipe environment warnings failures data "
        "variants recommended".split()
    )
    assert report["failures"][0].keys() == set("branch step technique code message next".split())
    assert report["data"].keys() >= set(
        "n_train n_calibration n_evaluation n_holdout n_skipped classes evaluation_sha256".split()
    )
    assert report["environment"].keys() >= set("cpu cores memory_bytes isa runtimes versions".split())
    assert report["recommended"].keys() == {"id", "reason"}
    assert report["warnings"][0].keys() == {"code", "text"}


def test_a_variant_has_the_keys_that_the_contract_promises():
    variant = written(VARIANT)
    assert variant.keys() >= set(
        "id parent_id branch step technique role label settings file sha256 size_bytes "
        "parameters macs input latency throughput accuracy fidelity verdict seconds "
        "notes".split()
    )
    assert variant["input"].keys() >= {"shape", "preprocess"}
    assert variant["latency"].keys() >= set(
        "runtime provider threads batch_size p50_ms p95_ms n_runs ratio_to_baseline ratio_low ratio_high".split()
    )
    assert variant["throughput"].keys() == {"batch_size", "images_per_s", "low", "high"}
    assert variant["accuracy"].keys() >= {"top1", "top5", "n_images", "low", "high"}
    assert variant["fidelity"].keys() >= {"agreement", "sqnr_db", "n_images"}
    assert variant["verdict"].keys() >= {"within_budget", "faster", "codes"}


@pytest.mark.parametrize("id", ["a" * 11, "a" * 13, "A" * 12, "../../../../x"])
def test_an_id_is_twelve_hex_digits(id):
    with pytest.raises(ValidationError):
        made_variant(id, "x", sha256="a" * 64)


def test_reports_that_knew_no_images_that_choose_still_load():
    old = written(REPORT)
    del old["data"]["n_selection"]
    for variant in old["variants"]:
        for name in ("comparison", "class_loss", "selection"):
            del variant[name]
        if variant["verdict"] is not None:
            del variant["verdict"]["certainty"]
    report = Report.model_validate(old)
    assert report.data.n_selection is report.variants[1].selection is report.variants[1].verdict.certainty is None


def test_variants_are_found_by_role_and_by_id():
    assert (REPORT.baseline.id, REPORT.variant(INT8), REPORT.variant("c" * 12)) == (BASE, VARIANT, None)
    assert Report.model_validate(written(REPORT) | {"variants": []}).baseline is None


def test_candidates_are_kept_apart_from_what_steps_ended_in():
    raced, open_race = made_race_report(), made_open_race_report()
    assert [variant.id for variant in raced.main_variants] == [BASE, WON]
    assert [variant.id for variant, _ in raced.candidates(raced.races[0])] == [WON, LATE, SLOW, OVER]
    assert [variant.id for variant in made_race_report(won=False).main_variants] == [BASE]
    assert [variant.id for variant, _ in open_race.candidates(open_race.races[0])] == [WON, OVER]
    assert REPORT.main_variants == REPORT.variants


def test_a_file_that_was_in_two_races_is_told_of_in_each_by_its_own_trial():
    report = made_race_report()
    again = made_race({WON: made_trial("Static INT8", "screened", "slower", "x", 1.4)}, winner_id=BASE, branch=1)
    report = made_race_report(races=(*report.races, again))
    (first, second) = (report.candidates(race)[0][1] for race in report.races)
    assert (first.outcome.code, second.outcome.code, second.ratio) == ("winner", "slower", 1.4)


UP = Note(code="out_of_time", text="The time was up")
STOPPED = Note(code="training_stopped_by_budget", text="Training ended in epoch 2")


@pytest.mark.parametrize("note", [UP, STOPPED], ids=lambda note: note.code)
@pytest.mark.parametrize("id", [BASE, INT8])
def test_a_step_whose_time_was_up_is_cut_short_the_baseline_s_too(id, note):
    found = [one.model_copy(update={"notes": (NOTE, note) if one.id == id else (NOTE,)}) for one in REPORT.variants]
    (cut,) = cut_short(made_report(*found))
    assert (cut.variant_id, cut.is_race, cut.note) == (id, False, note)
    assert cut_short(REPORT) == ()


@pytest.mark.parametrize(("winner", "ended_in"), [(WON, WON), (BASE, None), (None, None)])
def test_a_race_whose_time_was_up_is_cut_short_once_with_what_it_ended_in(winner, ended_in):
    """Its winner carries the race's notes, too, and is not told of again."""
    report = made_race_report(won=winner == WON)
    won = tuple(one.model_copy(update={"notes": (UP,)}) if one.id == WON else one for one in report.variants)
    race = report.races[0].model_copy(update={"notes": (UP,), "winner_id": winner})
    (cut,) = cut_short(made_race_report(variants=won, races=(race,)))
    assert (cut.variant_id, cut.is_race, cut.branch, cut.step) == (ended_in, True, 0, 0)
    assert cut_short(report) == ()


@pytest.mark.parametrize(("same_file_as", "ended_in"), [(INT8, INT8), (BASE, None)])
def test_a_race_that_another_target_won_ended_in_its_file(same_file_as, ended_in):
    won = made_variant("e" * 12, "x, OpenVINO f32", same_file_as=same_file_as, target_label="OpenVINO f32")
    race = made_race({}, winner_id=won.id, notes=(UP,))
    (cut,) = cut_short(made_report(*REPORT.variants, won, races=(race,)))
    assert cut.variant_id == ended_in


def test_what_came_from_a_step_whose_time_was_up_is_unfinished_too():
    cut = made_variant("b" * 12, "b", parent_id=BASE, step=0, notes=(Note(code="out_of_time", text="up"),))
    follower = made_variant("c" * 12, "c", parent_id=cut.id, step=1)
    other = made_variant("d" * 12, "d", parent_id=BASE, branch=1)
    report = made_report(made_variant(BASE, "Baseline"), cut, follower, other)
    assert unfinished_ids(report) == {cut.id, follower.id}
    assert unfinished_ids(REPORT) == frozenset()
