"""onnxruntime-web: runs ONNX files in a browser, without a server's help and without anything from another site.

The files are those of the npm package onnxruntime-web, the part for WebAssembly alone; THIRD_PARTY_NOTICES.md has its
licence. They need no cross-origin isolation (COOP and COEP headers) as long as a page sets
`ort.env.wasm.numThreads = 1`: more threads share memory, and a browser allows that to isolated pages alone. A page
sets `ort.env.wasm.wasmPaths` to the address of the folder, which the module otherwise takes from its own.
"""

from pathlib import Path

VERSION = "1.30.0"
MODULE = "ort.wasm.min.mjs"
"""What a page imports; it fetches the other two."""
FILES = (MODULE, "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")


def onnxruntime_web_files() -> dict[str, Path]:
    """The files that a page needs to run ONNX files, by their names; 14 MB in one folder, with LICENSE.txt beside."""
    folder = Path(__file__).parent
    return {name: folder / name for name in FILES}
