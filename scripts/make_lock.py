"""Writes the lock files from pyproject.toml: every package at one exact version, with the hashes of its files.

`make lock` runs it. The index of packages is asked, and the newest versions that the pins of pyproject.toml allow are
taken. pip checks the hash of whatever it installs from these files.
"""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMPILE = ("uv", "pip", "compile", "pyproject.toml", "--quiet", "--no-header", "--universal", "--generate-hashes")
"""Universal: one file for every system and every Python from the oldest supported one on."""
CUDA = re.compile(r"nvidia-|cuda-|triton$")
"""Packages that only torch's build with CUDA needs."""
HEADER = "# Written by `make lock` from pyproject.toml; edit that instead."


def main() -> None:
    """Write requirements.txt, requirements-cpu.txt and requirements-dev.txt."""
    runtime = compile_lock()
    cpu = {name: block for name, block in runtime.items() if not CUDA.match(name)}
    # What the runtime has for some systems alone, the tools may need on others too.
    dev = {
        name: block
        for name, block in compile_lock("--extra", "dev").items()
        if name not in runtime or requirement(block) != requirement(runtime[name])
    }
    write(
        "requirements.txt", "What the product runs on, with torch's build with CUDA: about 3 GB to download.", runtime
    )
    write("requirements-cpu.txt", "The same beside a CPU build of torch that is installed already; see README.", cpu)
    write("requirements-dev.txt", "What the checks and tests need beside requirements.txt.", dev)


def compile_lock(*arguments: str) -> dict[str, str]:
    """{package: its lines of the lock}, sorted by name."""
    command = [*COMPILE, "--python-version", "3.11", *arguments]
    text = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    locked = {block.split("==")[0]: block for block in blocks}
    if len(locked) != len(blocks):
        raise SystemExit("A package is locked at two versions: constrain it in pyproject.toml, [tool.uv]")
    return locked


def requirement(block: str) -> str:
    """The first line of a package's block: its version, and for which systems it is."""
    return block.partition("\n")[0]


def write(name: str, purpose: str, locked: dict[str, str]) -> None:
    """Write one lock file into the root of the repository."""
    (ROOT / name).write_text(f"# {purpose}\n{HEADER}\n" + "".join(locked.values()))


if __name__ == "__main__":
    main()
