"""What the light half says of this machine."""

import os
import subprocess
import sys

import pytest

from engine.system import machine

X86 = "processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: fpu avx2 avx512f avx512_vnni amx_int8\n\nprocessor\t: 1\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd asimddp i8mm\nCPU part\t: 0xd0c\n"


def test_environment_is_of_this_machine():
    found = machine.environment({"onnxruntime": ("CPUExecutionProvider",)})
    assert 1 <= found.cores <= os.cpu_count()
    assert found.memory_bytes > 2**28
    assert found.cpu
    assert set(found.isa) <= set(machine.ISA_FLAGS)
    assert found.versions["python"] == ".".join(map(str, sys.version_info[:3]))
    assert {"torch", "timm", "onnx", "onnxruntime"} <= set(found.versions)
    assert found.runtimes == {"onnxruntime": ("CPUExecutionProvider",)}


@pytest.mark.parametrize(
    ("changed", "here"),
    [
        ({}, True), ({"versions": {}}, True),
        ({"cpu": "other"}, False), ({"cores": 999}, False), ({"graphics_cards": ("other",)}, False),
    ],
)  # fmt: skip
def test_figures_are_of_this_machine_where_processor_cores_and_cards_are(changed, here):
    assert machine.measured_here(machine.environment().model_copy(update=changed)) is here


def test_a_machine_is_named_by_what_tells_it_apart():
    found = machine.environment().model_copy(update={"cpu": "A CPU", "cores": 1, "graphics_cards": ("H100", "H100")})
    assert found.machine == "A CPU, 1 core, H100"


def test_every_library_that_shapes_results_has_its_version():
    assert {"torch-pruning", "torchvision", "timm", "torch", "onnx", "numpy"} <= set(machine.versions())


@pytest.mark.parametrize("names", [["onnxruntime-gpu"], ["onnxruntime", "onnxruntime-openvino"]])
def test_onnxruntime_is_found_under_whatever_name_it_is_installed(monkeypatch, names):
    monkeypatch.setattr(machine, "packages_distributions", lambda: {"onnxruntime": names})
    monkeypatch.setattr(machine, "version", lambda name: f"1.2 of {name}")
    machine.runtime_distributions.cache_clear()
    found = machine.versions()
    machine.runtime_distributions.cache_clear()
    assert {name: found[name] for name in found if name.startswith("onnxruntime")} == {
        name: f"1.2 of {name}" for name in names
    }


@pytest.mark.parametrize(("models", "visible", "expected"), [
    ([], "0", ()),
    (["NVIDIA H200"], None, ("NVIDIA H200",)),
    (["NVIDIA H200", "NVIDIA H200"], "1", ("NVIDIA H200", "NVIDIA H200")),
    (["NVIDIA H200", "Tesla T4"], "1", ("NVIDIA H200", "Tesla T4", "visible: 1")),
])  # fmt: skip
def test_graphics_cards_are_those_that_the_driver_lists(tmp_path, monkeypatch, models, visible, expected):
    monkeypatch.setattr(machine, "_NVIDIA_CARDS", tmp_path)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    for number, model in enumerate(models):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "information").write_text(f"Model: \t\t {model}\nIRQ:   \t\t 41\n")
    assert machine.graphics_cards() == expected


BOTH = ["NVIDIA H200", "Tesla T4"]


@pytest.mark.parametrize(("models", "order", "visible", "expected"), [
    ([], None, None, ()),
    (["NVIDIA H200"] * 2, None, None, ("NVIDIA H200",) * 2),
    (["NVIDIA H200"] * 2, None, "1", ("NVIDIA H200",)),
    (BOTH, None, None, ()),
    (BOTH, "FASTEST_FIRST", None, ()),
    (BOTH, "PCI_BUS_ID", None, ("NVIDIA H200", "Tesla T4")),
    (BOTH, "PCI_BUS_ID", "1, 0", ("Tesla T4", "NVIDIA H200")),
    (BOTH, "PCI_BUS_ID", "GPU-1a2b", ()),
    (BOTH, "PCI_BUS_ID", "", ()),
])  # fmt: skip
def test_a_card_is_named_by_its_number_only_where_cudas_order_is_known(
    tmp_path, monkeypatch, models, order, visible, expected
):
    monkeypatch.setattr(machine, "_NVIDIA_CARDS", tmp_path)
    for name, value in (("CUDA_DEVICE_ORDER", order), ("CUDA_VISIBLE_DEVICES", visible)):
        monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(name, value)
    for number, model in enumerate(models):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "information").write_text(f"Model: \t\t {model}\n")
    assert machine.cuda_cards() == machine.environment().cuda_cards == expected


def test_cpuinfo_of_x86_and_arm():
    assert machine.parse_cpuinfo(X86) == ("Some CPU", frozenset("fpu avx2 avx512f avx512_vnni amx_int8".split()))
    assert "i8mm" in machine.parse_cpuinfo(ARM)[1]


@pytest.mark.parametrize(("isa", "x86", "vnni"), [
    (("sse4_2", "avx2"), True, False), (("sse4_2",), True, False), (("avx2", "avx512_vnni"), True, True),
    (("avx2", "avx_vnni"), True, True), (("avx2", "amx_int8"), True, True), (("asimd", "i8mm"), False, False),
    ((), False, False),
])  # fmt: skip
def test_what_instructions_say_of_the_kind_of_cpu(isa, x86, vnni):
    assert (machine.is_x86(isa), machine.has_vnni(isa)) == (x86, vnni)


@pytest.mark.parametrize(("files", "expected"), [
    ({"cpu.max": "150000 100000"}, 1.5),
    ({"cpu.max": "max 100000"}, None),
    ({"cpu/cpu.cfs_quota_us": "400000", "cpu/cpu.cfs_period_us": "100000"}, 4.0),
    ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, None),
    ({}, None),
])  # fmt: skip
def test_quota_of_the_control_group(files, expected, tmp_path):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    assert machine.cgroup_cores(tmp_path) == expected


def test_the_own_version_follows_every_file_of_the_engine(tmp_path, monkeypatch):
    (tmp_path / "engine" / "system").mkdir(parents=True)
    monkeypatch.setattr(machine, "__file__", str(tmp_path / "engine" / "system" / "machine.py"))
    found = set()
    for code in ("first = 1", "second = 2"):
        (tmp_path / "engine" / "other.py").write_text(code)
        machine.own_version.cache_clear()
        found.add(machine.own_version())
    machine.own_version.cache_clear()
    assert len(found) == 2


def test_affinity_bounds_the_cores():
    one = f"import os; os.sched_setaffinity(0, {{{min(os.sched_getaffinity(0))}}});"
    code = one + "from engine.system.machine import cores; print(cores())"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "1"


def test_it_is_light():
    code = (
        "import sys, engine.catalogue; from engine.system import machine;"
        "engine.catalogue.entries(); machine.environment();"
        "print([name for name in ('torch', 'timm', 'onnx', 'onnxruntime') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
