"""What is asked: JSON and YAML both ways, ranges declared once, what a recipe may not be."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

import engine.settings as declared
from engine.errors import SettingsError
from engine.settings import (
    TECHNIQUES,
    AdviseRequest,
    ArraysData,
    AuditRequest,
    BaselineModel,
    Budget,
    BundleRequest,
    ConfusionRequest,
    CrossCpuRequest,
    DetectRequest,
    DisagreementsRequest,
    Distill,
    ExportRequest,
    FileModel,
    FilesDestination,
    Finetune,
    Float16,
    HardwareRequest,
    HubDestination,
    IdentifyRequest,
    ImagesData,
    ImportRequest,
    LayerErrorsRequest,
    MeasuredServing,
    MlflowDestination,
    PeaksRequest,
    Preprocess,
    PreviewRequest,
    ProfileRequest,
    PruneChannel,
    PruneSparse,
    Qat,
    QuantizeAuto,
    QuantizeDynamic,
    QuantizeStatic,
    QuantizeWeights,
    Recipe,
    RemeasureRequest,
    RunRequest,
    SampleData,
    SampleModel,
    SensitivityRequest,
    ServeBenchRequest,
    ServeChoice,
    ServeSettings,
    Settings,
    ShowdownEntry,
    ShowdownRequest,
    SignatureRequest,
    Simplify,
    Split,
    Swap,
    SweepRequest,
    Target,
    TimmModel,
    VariantFile,
    WorkloadRequest,
    absolute_paths,
    dump_recipe,
    parse_recipe,
)
from engine.settings.target import OWNERS

RGB = Preprocess(size=(32, 48), mean=(0.5, 0.4, 0.3), std=(0.1, 0.2, 0.3), channels="bgr", resize="squash")
INT8 = QuantizeStatic(method="static", calibration_images=7, reduce_range=True, activations="signed")
TIMM = TimmModel(name="resnet18.a1_in1k", weights="w.safetensors", weights_sha256="a" * 64, num_classes=3, in_chans=1)
PHOTOS = ImagesData(path="photos.zip", sha256="b" * 64, labels="labels.csv", classes=("Käfer", "no", "1"))
EVERYTHING = Recipe(
    name='a: "b"',
    model=TIMM,
    data=PHOTOS,
    split=Split(train=0.5, calibration=0.2, evaluation=0.2, holdout=0.1),
    preprocess=RGB,
    target=Target(threads=2, batch_size=4),
    goal="size",
    seed=7,
    budget=Budget(max_accuracy_drop=None, max_class_drop=0.05, max_latency_ms=1.5, max_size_mb=3.0, minutes=0.5),
    branches=((Finetune(epochs=2), INT8), (Finetune(epochs=2),)),
)
FILE = VariantFile(model=FileModel(path="model.onnx"), label="INT8", example_ms=2.0)
EXAMPLES: tuple[Settings, ...] = (
    SampleModel(),
    TIMM,
    FileModel(path="model.onnx"),
    SampleData(),
    PHOTOS,
    ArraysData(path="inputs.npz", sha256="c" * 64),
    Split(),
    RGB,
    Target(),
    Budget(),
    Finetune(flip=True, optimizer="lamb"),
    INT8,
    QuantizeAuto(mixed_precision=False),
    QuantizeDynamic(method="dynamic", float_nodes=("a", "b")),
    QuantizeWeights(method="weights", block_size=64),
    Float16(keep_io_types=False),
    Simplify(),
    Recipe(model=SampleModel()),
    EVERYTHING,
    PruneChannel(goal="size", goal_value=5.0, group_ratios=("layer1.0=0.2",)),
    PruneSparse(method="sparse", ratio=0.6),
    Distill(student="resnet18", teacher=TIMM),
    BaselineModel(),
    Distill(teacher=BaselineModel()),
    Swap(architecture="resnet18", learn_from="model"),
    Qat(label_share=0.0),
    RunRequest(recipe=EVERYTHING),
    ProfileRequest(model=TIMM),
    IdentifyRequest(weights="weights.pt"),
    SignatureRequest(model=FileModel(path="model.onnx", size=(192, 256))),
    ImportRequest(upload="onnx", files=("model.onnx", "model.onnx.data")),
    HardwareRequest(),
    PreviewRequest(model=SampleModel(), data=PHOTOS, preprocess=RGB, seed=3),
    AuditRequest(model=SampleModel(), data=PHOTOS, preprocess=RGB, seed=3),
    ConfusionRequest(model=SampleModel(), data=PHOTOS, preprocess=RGB, seed=3),
    AdviseRequest(model=TIMM, data=PHOTOS, names=("resnet18",), minutes=3.0),
    SensitivityRequest(model=TIMM, data=PHOTOS, ratios=(0.1,)),
    DetectRequest(model=TIMM, data=PHOTOS, minutes=2.0),
    RemeasureRequest(folder="/somewhere/a1b2c3"),
    LayerErrorsRequest(folder="/somewhere/a1b2c3", recipe=EVERYTHING, variant_id="0" * 12, images=4, minutes=1.0),
    DisagreementsRequest(folder="/somewhere/a1b2c3", recipe=EVERYTHING, variant_id="0" * 12, minutes=2.0),
    BundleRequest(
        folder="/somewhere/a1b2c3",
        name="flowers",
        recipe=EVERYTHING,
        report_sha256="0" * 64,
        variants=("0" * 12,),
        golden="noise",
    ),
    CrossCpuRequest(folder="/somewhere/a1b2c3", recipe=EVERYTHING, variant_id="0" * 12, minutes=2.0),
    SweepRequest(file=FILE, threads=(1, 2), max_latency_ms=3.0),
    ShowdownRequest(rows=(ShowdownEntry(file=FILE), ShowdownEntry(file=FILE, target=Target(threads=2)))),
    ShowdownEntry(file=FILE),
    FILE,
    PeaksRequest(threads=2),
    ServeBenchRequest(bundle="/somewhere/bundle.zip", batch_sizes=(1, 8), max_p99_ms=50.0),
    ServeChoice(),
    ServeSettings(max_batch_size=16),
    MeasuredServing(cpu="AMD EPYC", cores=2, max_p99_ms=50.0, p99_ms=20.0, per_s=160.0, rate=160.0),
    WorkloadRequest(folder="/somewhere/a1b2c3"),
    FilesDestination(url="s3://models/vision"),
    HubDestination(repository="me/digits", licence="mit"),
    MlflowDestination(tracking_uri="http://localhost:5000"),
    ExportRequest(
        folder="/somewhere/a1b2c3", name="x", variants=("0" * 12,), destination=FilesDestination(url="/mnt/models")
    ),
    WorkloadRequest(model=TIMM, target=Target(threads=2)),
    *(kind() for kind in TECHNIQUES if not any(field.is_required() for field in kind.model_fields.values())),
)
UNITS = {
    "batch_size": "images",
    "calibration_images": "images",
    "float_first": "layers",
    "img_size": "px",
    "size": "px",
    "minutes": "min",
    "max_latency_ms": "ms",
    "max_size_mb": "MB",
    "round_to": "channels",
    "patience": "epochs",
}
NAMES = [type(example).__name__ for example in EXAMPLES]
DECLARED = {value for value in vars(declared).values() if isinstance(value, type) and issubclass(value, Settings)}
CLASSES = DECLARED | set(TECHNIQUES)


def test_every_class_has_an_example():
    assert {kind.__name__ for kind in CLASSES - {Settings}} == set(NAMES)


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_json_both_ways(example):
    assert type(example).model_validate_json(example.model_dump_json()) == example
    assert type(example).parse(example.model_dump(mode="json")) == example


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_unknown_keys_are_refused_by_name(example):
    with pytest.raises(SettingsError, match="unknown key 'nonsense'"):
        type(example).parse(example.model_dump(mode="json") | {"nonsense": 1})


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_nothing_can_be_changed_afterwards(example):
    field = next(iter(type(example).model_fields))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(example, field, getattr(example, field))


@pytest.mark.parametrize("recipe", [EVERYTHING, Recipe(model=SampleModel()), Recipe(model=TIMM, steps=(INT8,))])
def test_a_recipe_as_yaml_both_ways(recipe):
    assert parse_recipe(dump_recipe(recipe)) == recipe


def test_a_written_recipe_says_every_default():
    text = dump_recipe(parse_recipe("{model: {kind: sample}, steps: [{technique: quantize, method: static}]}"))
    for said in ("calibration_images: 128", "minutes: 10.0", "batch_size: 1", "seed: 0", "goal: latency"):
        assert said in text


def bounds() -> Iterator[tuple[type[Settings], str, float, float]]:
    """Class, key, the value at the edge of the range, and the nearest one that is outside."""
    for kind in sorted(CLASSES - {Settings}, key=lambda kind: kind.__name__):
        for key, schema in kind.model_json_schema()["properties"].items():
            for option in [schema, *schema.get("anyOf", [])]:
                step = 1 if option.get("type") == "integer" else 1e-6
                for word, sign in (("minimum", -1), ("maximum", 1)):
                    if word in option:
                        yield kind, key, option[word], option[word] + sign * step
                for word, sign in (("exclusiveMinimum", -1), ("exclusiveMaximum", 1)):
                    if word in option:
                        yield kind, key, option[word] - sign * step, option[word]


def example_of(kind: type[Settings], key: str) -> dict[str, Any]:
    """An example in which `key` may be set: an option of a target needs the provider that has it."""
    values = next(example for example in EXAMPLES if type(example) is kind).model_dump(mode="json")
    if kind is not Target or key not in OWNERS:
        return values
    runtime, provider = OWNERS[key]
    return values | {"runtime": runtime} | ({"provider": provider} if provider else {})


@pytest.mark.parametrize(
    ("kind", "key", "edge", "outside"), bounds(), ids=lambda value: getattr(value, "__name__", None)
)
def test_the_range_in_the_schema_is_the_range_that_is_checked(kind, key, edge, outside):
    with pytest.raises(SettingsError, match=rf"'{key}' is \S+, it must be (more|less|at least|at most)"):
        kind.parse(example_of(kind, key) | {key: outside})
    if kind is not Split:  # whose shares have a sum to keep
        assert getattr(kind.parse(example_of(kind, key) | {key: edge}), key) == edge


def test_techniques_declare_ranges():
    numbers = {kind for kind in TECHNIQUES for field in kind.model_fields.values() if field.annotation in (int, float)}
    assert {kind for kind, *_ in bounds()} >= numbers >= {Finetune, QuantizeAuto, QuantizeStatic}


@pytest.mark.parametrize("technique", TECHNIQUES, ids=lambda technique: technique.__name__)
def test_a_technique_has_a_title_and_a_first_sentence(technique):
    assert technique.title
    assert technique.__doc__.strip().splitlines()[0].endswith(".")
    assert not technique.model_json_schema()["properties"].get("method", {}).get("expert")


@pytest.mark.parametrize(
    "kind",
    [
        *TECHNIQUES,
        SampleModel,
        TimmModel,
        FileModel,
        SampleData,
        ImagesData,
        ArraysData,
        Split,
        Preprocess,
        Target,
        Budget,
    ],
    ids=lambda kind: kind.__name__,
)
def test_every_setting_says_what_it_is_and_in_which_unit(kind):
    for key, schema in kind.model_json_schema()["properties"].items():
        assert key in ("kind", "technique") or schema["description"].endswith("."), key
        assert schema.get("unit", "") == UNITS.get(key, ""), key


def test_arrays_are_named_by_a_path_or_a_sum_and_are_relative_to_the_recipe():
    recipe = Recipe.parse({"model": {"kind": "sample"}, "data": {"kind": "arrays", "path": "inputs.npz"}})
    assert absolute_paths(recipe, Path("/recipes")).data == ArraysData(path="/recipes/inputs.npz")
    assert recipe.data.title == "inputs.npz"
    uploaded = recipe.model_copy(update={"data": ArraysData(sha256="a" * 64)})
    assert absolute_paths(uploaded, Path("/recipes")) == uploaded == parse_recipe(dump_recipe(uploaded))
    assert uploaded.data.title == "own arrays"
    with pytest.raises(SettingsError, match="need a path, or the sha256"):
        Recipe.parse({"model": {"kind": "sample"}, "data": {"kind": "arrays"}})


def test_arrays_are_no_images_to_train_on():
    with pytest.raises(SettingsError, match="qat needs images, and the recipe has none"):
        Recipe.parse({"model": {"kind": "file", "path": "x"}, "data": {"kind": "arrays", "path": "x"}, "steps": [QAT]})


def test_steps_go_from_torch_to_onnx():
    with pytest.raises(SettingsError, match=r"finetune comes after quantize.*put finetune first"):
        Recipe.parse({"model": {"kind": "sample"}, "data": {"kind": "sample"}, "branches": [[], [INT8, Finetune()]]})


@pytest.mark.parametrize(("data", "said"), [(None, "needs labelled images"), ({"labels": "none"}, "needs labelled")])
def test_training_needs_labels(data, said):
    source = data and {"kind": "images", "path": "x", **data}
    with pytest.raises(SettingsError, match=said):
        Recipe.parse({"model": {"kind": "sample"}, "data": source, "steps": [{"technique": "finetune"}]})


def distilled(model, data, *steps):
    return Recipe.parse({"model": model, "data": data, "steps": [{"technique": "distill", **step} for step in steps]})


def test_distilling_needs_images_but_no_labels():
    unlabelled = {"kind": "images", "path": "x", "labels": "none"}
    assert distilled({"kind": "sample"}, unlabelled, {}).trains
    with pytest.raises(SettingsError, match="distill needs images, and the recipe has none"):
        distilled({"kind": "sample"}, None, {})


def test_an_onnx_file_teaches_a_student_of_its_own_which_can_then_be_trained():
    model, data = {"kind": "file", "path": "x"}, {"kind": "sample"}
    distilled(model, data, {"student": "resnet18"}, {})
    with pytest.raises(SettingsError, match="cannot change an ONNX file; name a student"):
        distilled(model, data, {})
    with pytest.raises(SettingsError, match="finetune trains a torch model"):
        Recipe.parse({"model": model, "data": data, "steps": [{"technique": "finetune"}, {"technique": "distill"}]})


def test_a_teacher_in_a_file_has_no_features_to_match():
    with pytest.raises(SettingsError, match=r"step 1: .*an ONNX file, which shows its answers alone: set match to"):
        distilled({"kind": "sample"}, {"kind": "sample"}, {**DISTILL, "match": "features"})


def test_a_swap_needs_labels_unless_it_learns_from_the_model_and_takes_the_place_of_any():
    def swapped(data, **step):
        steps = [{"technique": "swap", "architecture": "resnet18", **step}, {"technique": "finetune"}][: 1 + (not step)]
        return Recipe.parse({"model": {"kind": "file", "path": "x"}, "data": data, "steps": steps})

    unlabelled = {"kind": "images", "path": "x", "labels": "none"}
    assert swapped({"kind": "sample"}).trains
    assert swapped(unlabelled, learn_from="model").trains
    with pytest.raises(SettingsError, match="swap needs labelled images"):
        swapped(unlabelled, learn_from="labels")
    with pytest.raises(SettingsError, match="swap needs images"):
        swapped(None, learn_from="model")


def test_a_teachers_path_is_read_from_the_recipes_folder_too():
    for key, steps in (("steps", [DISTILL]), ("branches", [[], [DISTILL]])):
        recipe = Recipe.parse({"model": {"kind": "sample"}, "data": {"kind": "sample"}, key: steps})
        assert absolute_paths(recipe, Path("/recipes")).chains[-1][0].teacher.path == "/recipes/t.onnx"
        assert absolute_paths(recipe, Path("/recipes")).steps is None or key == "steps"


def test_the_folder_of_a_saved_model_is_relative_to_the_recipe():
    recipe = Recipe.parse({"model": {"kind": "timm", "name": "local-dir:saved", "weights": "w.pt"}})
    model = absolute_paths(recipe, Path("/recipes")).model
    assert (model.name, model.weights) == ("local-dir:/recipes/saved", "/recipes/w.pt")


@pytest.mark.parametrize("step", [
    {"technique": "distill", "student": "local-dir:saved"}, {"technique": "swap", "architecture": "local-dir:saved"},
])  # fmt: skip
def test_so_is_that_of_a_step_s_own_network(step):
    recipe = Recipe.parse({"model": {"kind": "sample"}, "data": {"kind": "sample"}, "steps": [step]})
    ((absolute,),) = absolute_paths(recipe, Path("/recipes")).chains
    assert absolute.new_architecture == "local-dir:/recipes/saved"
    named = Recipe.parse(
        {
            "model": {"kind": "sample"},
            "data": {"kind": "sample"},
            "steps": [step | dict.fromkeys(("student",) if "student" in step else ("architecture",), "resnet18")],
        }
    )
    assert absolute_paths(named, Path("/recipes")) == named


DISTILL = {"technique": "distill", "teacher": {"kind": "file", "path": "t.onnx"}}


@pytest.mark.parametrize("model", [{"kind": "sample"}, {"kind": "file", "path": "x"}])
def test_a_quantized_file_is_trained_apart_from_what_evaluates_it_and_without_labels(model):
    unlabelled, steps = {"kind": "images", "path": "x", "labels": "none"}, [{"technique": "simplify"}, QAT]
    assert Recipe.parse({"model": model, "data": unlabelled, "steps": steps}).trains
    with pytest.raises(SettingsError, match="qat needs images, and the recipe has none"):
        Recipe.parse({"model": model, "steps": steps})
    with pytest.raises(SettingsError, match="finetune comes after qat"):
        Recipe.parse({"model": {"kind": "sample"}, "data": {"kind": "sample"}, "steps": [QAT, Finetune()]})


QAT = {"technique": "qat"}


def test_an_onnx_file_cannot_be_trained():
    with pytest.raises(SettingsError, match="cannot change an ONNX file"):
        Recipe.parse(
            {"model": {"kind": "file", "path": "x"}, "data": {"kind": "sample"}, "steps": [{"technique": "finetune"}]}
        )


def test_pruning_changes_torch_models_and_says_so():
    with pytest.raises(SettingsError, match="prune changes a torch model and cannot change an ONNX file"):
        Recipe.parse({"model": {"kind": "file", "path": "x"}, "steps": [{"technique": "prune"}]})
    assert Recipe.parse({"model": {"kind": "sample"}, "steps": [{"technique": "prune"}]}).steps == (PruneChannel(),)


@pytest.mark.parametrize(("asked", "said"), [
    ({"goal": "macs"}, "how much of the MACs may be left is missing"),
    ({"goal": "size"}, "how large the file may be is missing"),
    ({"goal_value": 0.5}, "goal is ratio, and goal_value is for"),
    ({"goal": "latency", "goal_value": 1.5}, "150 % of the latency would be left, it must be less than 100 %"),
    ({"group_ratios": ["conv1"]}, "group_ratios has 'conv1'"),
    ({"group_ratios": ["conv1=1"]}, "group_ratios has 'conv1=1'"),
    ({"group_ratios": ["conv1=0.1", "conv1=0.5"]}, "group_ratios names 'conv1' twice"),
    ({"method": "sparse", "pattern": "2:4", "ratio": 0.7}, "two of every four weights are 50 %, not 70 %"),
    ({"importance": "taylor"}, "prune needs images"),
])  # fmt: skip
def test_what_pruning_refuses(asked, said):
    with pytest.raises(SettingsError, match=said):
        Recipe.parse({"model": {"kind": "sample"}, "steps": [{"technique": "prune", **asked}]})


def test_training_after_sparse_weights_would_fill_the_zeros():
    with pytest.raises(SettingsError, match=r"finetune comes after prune \(sparse\) and would fill the zeros again"):
        Recipe.parse(
            {
                "model": {"kind": "sample"},
                "data": {"kind": "sample"},
                "steps": [{"technique": "prune", "method": "sparse"}, {"technique": "finetune"}],
            }
        )


def test_steps_or_branches():
    with pytest.raises(SettingsError, match="steps and branches are both given"):
        Recipe.parse({"model": {"kind": "sample"}, "steps": [], "branches": [[]]})


@pytest.mark.parametrize(("branches", "leading"), [
    (((Finetune(),), (Finetune(), INT8)), (Finetune(),)),
    (((Finetune(),), (INT8,)), ()),
    (((Finetune(epochs=1),), (Finetune(epochs=2),)), ()),
    (((Finetune(), Finetune()),), (Finetune(),)),
    (((Finetune(),), ()), ()),
    (((INT8,),), ()),
    (((),), ()),
])  # fmt: skip
def test_a_leading_finetune_that_all_chains_share_makes_the_baseline(branches, leading):
    assert Recipe(model=SampleModel(), data=SampleData(), branches=branches).baseline_steps == leading


def test_no_steps_is_one_chain_that_measures_the_baseline():
    assert Recipe(model=SampleModel()).chains == ((),)
    assert not Recipe(model=SampleModel(), data=SampleData(), steps=(INT8,)).trains
    assert Recipe(model=SampleModel(), data=SampleData(), steps=(Finetune(),)).trains


def test_the_samples_split_is_fixed():
    halves = {"train": 0.5, "calibration": 0.1, "evaluation": 0.4}
    with pytest.raises(SettingsError, match="split is fixed by its card"):
        Recipe.parse({"model": {"kind": "sample"}, "data": {"kind": "sample"}, "split": halves})
    assert Recipe.parse({"model": {"kind": "sample"}, "data": {"kind": "images", "path": "x"}, "split": halves})
    assert Recipe.parse({"model": {"kind": "sample"}, "data": {"kind": "sample"}, "split": {"train": 0.6}})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "remove 30 % of the channels"),
        (
            {"group_ratios": ["a=0.25", "b=0.75", "c=0"]},
            "remove 25 to 75 % of the channels in 2 of 3 layer groups that are set one by one (any other: 30 %)",
        ),
        (
            {"group_ratios": ["a=0.5", "b=0.5"], "ratio": 0.1},
            "remove 50 % of the channels in all 2 layer groups that are set one by one (any other: 10 %)",
        ),
        ({"group_ratios": ["a=0"]}, "remove 0 % of the channels in 1 layer group set by itself (any other: 30 %)"),
        (
            {"group_ratios": ["a=0.5", "b=0"], "goal": "size", "goal_value": 5},
            "remove channels until the file has at most 5 MB, 50 % of the channels in 1 of 2 layer groups that are set "
            "one by one among them",
        ),
        ({"goal": "latency", "goal_value": 0.8}, "remove channels until 80 % of the latency is left"),
    ],
)
def test_what_pruning_will_do_names_the_ratios_of_single_groups(changed, said):
    assert PruneChannel.parse(changed).description == said


@pytest.mark.parametrize("data", [None, {"kind": "images", "path": "x.zip", "labels": "none"}])
def test_a_budget_for_a_class_needs_labels(data):
    asked = {"model": {"kind": "sample"}, "budget": {"max_class_drop": 0.05}}
    with pytest.raises(SettingsError, match=r"budget\.max_class_drop needs labelled images"):
        Recipe.parse({**asked, "data": data})
    assert Recipe.parse({**asked, "data": {"kind": "sample"}}).budget.max_class_drop == 0.05
    arrays = {"kind": "arrays", "path": "x.npz"}  # whether they have labels is known once they are read
    assert Recipe.parse({**asked, "data": arrays}).budget.max_class_drop == 0.05
