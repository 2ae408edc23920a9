"""The files by which a bundle serves itself."""

from pathlib import Path

from engine.export.bundle.context import BundleContext
from engine.export.serving.triton import triton_files
from engine.settings.serving import ServeChoice, ServeSettings

TEMPLATES = Path(__file__).parent / "templates"
SERVE_FILE, REQUIREMENTS = "serve.json", "requirements-serve.txt"


def serving_files(context: BundleContext) -> dict[str, bytes]:
    """serve.py with what it imports and its settings, and a model repository for Triton.

    Of a model that takes no images the repository alone.
    """
    settings = serve_settings(context)
    files = triton_files(context, settings)
    if context.takes_images:
        files |= {name: (TEMPLATES / name).read_bytes() for name in ("serve.py", "gate.py", REQUIREMENTS)}
        choice = ServeChoice(settings=settings, measured=context.serve.measured)
        files[SERVE_FILE] = (choice.model_dump_json(indent=1) + "\n").encode()
    return files


def serve_settings(context: BundleContext) -> ServeSettings:
    """The settings that were asked for, with batches that the graph takes.

    A graph of a fixed batch gets as many images, and one whose answers depend on the others of a call gets one.
    """
    settings = context.serve.settings
    fixed = 1 if context.depends else context.model.batch
    return settings if fixed is None else settings.model_copy(update={"max_batch_size": fixed})
