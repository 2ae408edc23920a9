import hashlib
from io import BytesIO

import pytest

from engine.errors import DataError, NotFoundError, SettingsError, SourceError, TargetError
from engine.planning.resolve import resolve_recipe, resolve_request
from engine.settings import HardwareRequest, IdentifyRequest, SampleData, SensitivityRequest, TimmModel, parse_recipe
from engine.store.home import Home
from engine.store.uploads import save_folder, save_upload
from engine.system.machine import cores


@pytest.fixture
def home(tmp_path) -> Home:
    home = Home(tmp_path / "home")
    home.prepare()
    return home


@pytest.fixture
def resolve(home):
    def do(model: str, data: str = "null", *, from_browser: bool = False, more: str = ""):
        recipe = parse_recipe(f"{{model: {model}, data: {data}, steps: [] {more}}}")
        return resolve_recipe(recipe, home, from_browser=from_browser)

    return do


def test_a_file_becomes_absolute_with_its_sum(resolve, tmp_path, monkeypatch):
    (tmp_path / "model.onnx").write_bytes(b"model")
    monkeypatch.chdir(tmp_path)
    model = resolve("{kind: file, path: model.onnx}").model
    assert model.path == str(tmp_path / "model.onnx")
    assert model.sha256 == "9372c470eeadd5ecd9c3c74c2b3cb633f8e2f2fad799250a0f70d652b6b825e4"
    again = resolve(f"{{kind: file, path: {model.path}, sha256: {model.sha256}}}").model
    assert again == model


def test_a_folder_has_a_sum_of_names_and_contents(resolve, tmp_path):
    images = tmp_path / "images" / "cat"
    images.mkdir(parents=True)
    (images / "1.png").write_bytes(b"1")
    data = f"{{kind: images, path: {tmp_path / 'images'}}}"
    before = resolve("{kind: sample}", data).data.sha256
    (images / "1.png").write_bytes(b"2")
    assert resolve("{kind: sample}", data).data.sha256 != before


def test_a_file_that_changed_since_is_refused(resolve, tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"model")
    with pytest.raises(SourceError, match="has changed"):
        resolve(f"{{kind: file, path: {tmp_path / 'model.onnx'}, sha256: {'f' * 64}}}")


def test_the_table_of_labels_has_its_sum_and_is_refused_once_it_changed(resolve, tmp_path):
    table = tmp_path / "labels.csv"
    table.write_text("1.png,cat")
    (tmp_path / "images").mkdir()
    data = resolve("{kind: sample}", f"{{kind: images, path: {tmp_path / 'images'}, labels: {table}}}").data
    assert (data.labels, data.labels_sha256) == (str(table), hashlib.sha256(b"1.png,cat").hexdigest())
    assert resolve("{kind: sample}", data.model_dump_json()).data == data
    table.write_text("1.png,dog")
    with pytest.raises(DataError, match=r"the table of labels '.*labels.csv' has changed") as caught:
        resolve("{kind: sample}", data.model_dump_json())
    assert "Remove the sum" in caught.value.next


def test_an_uploaded_table_of_labels_is_found_by_its_sum(resolve, home):
    images = save_folder(home, [("1.png", BytesIO(b"1"))])
    table = save_upload(home, "labels.csv", "labels", BytesIO(b"1.png,cat"))
    elsewhere = f"labels: /elsewhere/labels.csv, labels_sha256: {table.sha256}"
    data = f"{{kind: images, sha256: {images.sha256}, {elsewhere}}}"
    assert resolve("{kind: sample}", data, from_browser=True).data.labels == table.path


def test_a_sum_of_labels_needs_a_table():
    with pytest.raises(SettingsError, match="sum of a label file, and 'folders' in place of its path"):
        parse_recipe(
            f"{{model: {{kind: sample}}, data: {{kind: images, path: ., labels_sha256: {'f' * 64}}}, steps: []}}"
        )


@pytest.mark.parametrize(("model", "data", "error"), [
    ("{kind: file, path: none.onnx}", "null", SourceError),
    ("{kind: timm, name: resnet18, weights: none.safetensors}", "null", SourceError),
    ("{kind: sample}", "{kind: images, path: none}", DataError),
    ("{kind: sample}", "{kind: images, path: /dev/zero}", DataError),
    ("{kind: sample}", "{kind: images, path: ., labels: none.csv}", DataError),
    ("{kind: timm, name: resnet81}", "null", SourceError),
    ("{kind: timm, name: resnet18.nonsense}", "null", SourceError),
    (f"{{kind: file, sha256: {'f' * 64}}}", "null", NotFoundError),
])  # fmt: skip
def test_what_is_not_there_is_refused_with_a_way_out(resolve, tmp_path, monkeypatch, model, data, error):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error) as caught:
        resolve(model, data)
    assert caught.value.next


def test_what_steps_name_is_found_like_the_model(home, tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"model")

    def find(step, **how):
        sample = "model: {kind: sample}, data: {kind: sample}"
        recipe = parse_recipe(f"{{{sample}, steps: [{{technique: distill, {step}}}]}}")
        return resolve_recipe(recipe, home, **how).steps[0]

    path = tmp_path / "model.onnx"
    assert find(f"teacher: {{kind: file, path: {path}}}", from_browser=False).teacher.sha256
    with pytest.raises(SourceError, match="a path on the server"):
        find(f"teacher: {{kind: file, path: {path}}}", from_browser=True)
    with pytest.raises(SourceError, match="no architecture 'resnet19'"):
        find("student: resnet19", from_browser=True)
    swap = "{model: {kind: sample}, data: {kind: sample}, steps: [{technique: swap, architecture: resnet19}]}"
    with pytest.raises(SourceError, match="no architecture 'resnet19'"):
        resolve_recipe(parse_recipe(swap), home, from_browser=True)
    with pytest.raises(SettingsError, match="comes from the Hub with its own weights"):
        find("student: 'hf_hub:a/b', student_weights: random", from_browser=True)


def test_an_unknown_name_suggests_others(resolve):
    with pytest.raises(SourceError, match="resnet81") as caught:
        resolve("{kind: timm, name: resnet81}")
    assert "resnet" in caught.value.next


def test_names_of_the_hub_are_left_to_the_hub(resolve):
    assert resolve("{kind: timm, name: 'hf_hub:owner/name'}").model.name == "hf_hub:owner/name"


def test_threads_above_the_cores_are_refused(resolve):
    with pytest.raises(TargetError, match="threads"):
        resolve("{kind: sample}", more=f", target: {{threads: {cores() + 1}}}")
    assert resolve("{kind: sample}", more=f", target: {{threads: {cores()}}}").target.threads == cores()


def test_16_bit_floats_are_refused_where_the_processor_has_no_instructions_for_them(resolve, monkeypatch):
    target = ", target: {runtime: openvino, precision: bf16}"
    monkeypatch.setattr("engine.planning.target.isa", lambda: ("avx2",))
    with pytest.raises(TargetError, match=r"target.precision: bf16\), and this processor has no instructions"):
        resolve("{kind: sample}", more=target)
    monkeypatch.setattr("engine.planning.target.isa", lambda: ("avx2", "amx_bf16"))
    assert resolve("{kind: sample}", more=target).target.provider == "CPU"


def test_an_upload_is_found_by_its_sum(resolve, home):
    model = save_upload(home, "model.onnx", "onnx", BytesIO(b"model"))
    images = save_folder(home, [("cat/1.png", BytesIO(b"1"))])
    found = resolve(
        f"{{kind: file, sha256: {model.sha256}}}", f"{{kind: images, sha256: {images.sha256}}}", from_browser=True
    )
    assert (found.model.path, found.data.path) == (model.path, images.path)


def test_arrays_are_found_by_path_or_sum_and_are_one_file(resolve, home, tmp_path):
    upload = save_upload(home, "inputs.npz", "arrays", BytesIO(b"arrays"))
    by_sum = resolve("{kind: sample}", f"{{kind: arrays, sha256: {upload.sha256}}}", from_browser=True).data
    assert (by_sum.path, by_sum.sha256) == (upload.path, upload.sha256)
    path = tmp_path / "inputs.npz"
    path.write_bytes(b"arrays")
    by_path = f"{{kind: arrays, path: {path}}}"
    assert resolve("{kind: sample}", by_path).data.sha256 == upload.sha256
    with pytest.raises(DataError, match="path on the server"):
        resolve("{kind: sample}", by_path, from_browser=True)
    path.write_bytes(b"others")
    with pytest.raises(DataError, match=r"the file of arrays .* has changed"):
        resolve("{kind: sample}", f"{{kind: arrays, path: {path}, sha256: {upload.sha256}}}")
    with pytest.raises(DataError, match=r"the file of arrays .* is a folder"):
        resolve("{kind: sample}", f"{{kind: arrays, path: {tmp_path}}}")


def test_weights_to_be_identified_are_found_likewise(home, tmp_path):
    upload = save_upload(home, "weights.pt", "weights", BytesIO(b"weights"))
    by_sum = resolve_request(IdentifyRequest(weights_sha256=upload.sha256), home, from_browser=True)
    assert (by_sum.weights, by_sum.weights_sha256) == (upload.path, upload.sha256)
    (tmp_path / "weights.pt").write_bytes(b"weights")
    request = IdentifyRequest(weights=str(tmp_path / "weights.pt"))
    assert resolve_request(request, home, from_browser=False).weights_sha256 == upload.sha256
    with pytest.raises(SourceError, match="path on the server"):
        resolve_request(request, home, from_browser=True)


def _save(folder) -> None:
    """A folder that looks like a saved timm model."""
    folder.mkdir(parents=True)
    for name in ("config.json", "model.safetensors"):
        (folder / name).write_bytes(name.encode())


def test_a_saved_model_becomes_absolute_with_the_sum_of_its_weights(resolve, tmp_path, monkeypatch):
    _save(tmp_path / "saved")
    monkeypatch.chdir(tmp_path)
    model = resolve("{kind: timm, name: 'local-dir:saved'}").model
    assert model.name == f"local-dir:{tmp_path / 'saved'}"
    assert model.weights == str(tmp_path / "saved" / "model.safetensors")
    assert model.weights_sha256 == hashlib.sha256(b"model.safetensors").hexdigest()
    assert resolve(f"{{kind: timm, name: '{model.name}', weights: random}}").model.weights == "random"


def test_a_saved_model_is_for_the_command_line_or_this_home_s_uploads(resolve, home, tmp_path):
    _save(tmp_path / "saved")
    _save(home.uploads / "0a" / "saved")
    with pytest.raises(SourceError, match="path on the server"):
        resolve(f"{{kind: timm, name: 'local-dir:{tmp_path / 'saved'}'}}", from_browser=True)
    inside = home.uploads / "0a" / "saved"
    assert resolve(f"{{kind: timm, name: 'local-dir:{inside}'}}").model.name == f"local-dir:{inside}"


def test_a_folder_that_lacks_what_timm_saves_is_refused_by_what_it_lacks(resolve, tmp_path):
    source = f"{{kind: timm, name: 'local-dir:{tmp_path / 'saved'}'}}"
    with pytest.raises(SourceError, match="does not exist"):
        resolve(source)
    (tmp_path / "saved").mkdir()
    with pytest.raises(SourceError, match=r"no config\.json"):
        resolve(source)
    (tmp_path / "saved" / "config.json").write_bytes(b"{}")
    with pytest.raises(SourceError, match=r"neither model\.safetensors nor pytorch_model\.bin"):
        resolve(source)


def test_weights_are_found_by_path_or_sum(resolve, home):
    upload = save_upload(home, "weights.safetensors", "weights", BytesIO(b"weights"))
    by_path = resolve(f"{{kind: timm, name: resnet18, weights: {upload.path}}}", from_browser=True).model
    by_sum = resolve(f"{{kind: timm, name: resnet18, weights_sha256: {upload.sha256}}}", from_browser=True).model
    assert by_path == by_sum
    assert (by_path.weights, by_path.weights_sha256) == (upload.path, upload.sha256)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "{home}/featherweight.db",
        "{home}/uploads/../featherweight.db",
        "{home}/uploads/link",
        "{home}/jobs",
    ],
)
def test_the_browser_names_no_path_of_the_server(resolve, home, path):
    (home.path / "featherweight.db").write_text("secret")
    (home.uploads / "link").symlink_to("/etc/passwd")
    place = path.format(home=home.path)
    for model, data in [
        (f"{{kind: file, path: {place}}}", "null"),
        (f"{{kind: timm, name: resnet18, weights: {place}}}", "null"),
        ("{kind: sample}", f"{{kind: images, path: {place}}}"),
        ("{kind: sample}", f"{{kind: images, path: {home.uploads}, labels: {place}}}"),
    ]:
        with pytest.raises((SourceError, DataError), match="the browser may not name"):
            resolve(model, data, from_browser=True)


def test_an_opened_recipe_with_a_path_of_elsewhere_finds_the_upload(resolve, home):
    upload = save_upload(home, "model.onnx", "onnx", BytesIO(b"model"))
    model = f"{{kind: file, path: /elsewhere/model.onnx, sha256: {upload.sha256}}}"
    assert resolve(model, from_browser=True).model.path == resolve(model).model.path == upload.path


def test_a_question_about_the_machine_needs_nothing(home):
    assert resolve_request(HardwareRequest(), home, from_browser=True) == HardwareRequest()


def test_a_resolved_recipe_is_a_recipe_still(resolve, tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"model")
    recipe = resolve(f"{{kind: file, path: {tmp_path / 'model.onnx'}}}")
    assert type(recipe).model_validate(recipe.model_dump()) == recipe
    with pytest.raises(SettingsError):
        parse_recipe("{model: {kind: file}}")


@pytest.mark.parametrize("steps", [
    '{technique: prune}', '{technique: distill, student: rexnet_150}, {technique: prune, ratio: 0.1}',
])  # fmt: skip
def test_a_network_that_resists_pruning_is_refused_by_name_with_another(steps, home):
    model = "rexnet_150" if "distill" not in steps else "resnet18"
    text = f"{{model: {{kind: timm, name: {model}}}, data: {{kind: sample}}, steps: [{steps}]}}"
    with pytest.raises(SettingsError, match=r"prune cannot cut channels of 'rexnet_150': finding out") as refused:
        resolve_recipe(parse_recipe(text), home, from_browser=False)
    assert refused.value.next == "Distil it into rexnetr_100, a narrower network of its family"


def test_a_network_that_resists_has_no_sensitivity(home):
    request = SensitivityRequest(model=TimmModel(name="rexnet_150", weights="random"), data=SampleData())
    with pytest.raises(SettingsError, match=r"^prune cannot cut channels of 'rexnet_150'"):
        resolve_request(request, home, from_browser=False)


def test_what_does_not_resist_or_is_only_made_sparse_goes_through(home):
    for name, method in (("resnet18", "channel"), ("rexnet_150", "sparse")):
        text = f"{{model: {{kind: timm, name: {name}}}, steps: [{{technique: prune, method: {method}}}]}}"
        assert resolve_recipe(parse_recipe(text), home, from_browser=False).steps
