"""The files of onnxruntime-web are whole, and of the version that is named."""

import re

from engine.export.onnxruntime_web import FILES, MODULE, VERSION, onnxruntime_web_files


def test_the_files_are_there_and_of_that_version():
    files = onnxruntime_web_files()
    assert tuple(files) == FILES
    assert f"ONNX Runtime Web v{VERSION}" in files[MODULE].read_text()[:100]
    assert files["ort-wasm-simd-threaded.wasm"].read_bytes()[:4] == b"\0asm"
    assert all((path.parent / "LICENSE.txt").is_file() for path in files.values())


def test_the_module_names_no_file_that_is_not_there():
    texts = [path.read_text() for name, path in onnxruntime_web_files().items() if name.endswith(".mjs")]
    assert not any("sourceMappingURL" in text for text in texts)
    named = {name for text in texts for name in re.findall(r"ort-wasm[\w.-]+\.(?:mjs|wasm)", text)}
    assert named == set(FILES[1:])
