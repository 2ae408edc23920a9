"""What an ONNX model takes: images, prepared as the recipe, the file or a guess says, or other arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import onnx

from engine.errors import SourceError
from engine.models.counts import dimensions, graph_inputs
from engine.models.metadata import Metadata, preprocess_origins, read_metadata
from engine.models.preprocessing import imagenet_preprocess, pixel_preprocess
from engine.models.signature import ImageInput, image_shape, read_image_input, read_inputs, with_size
from engine.results import Note, Origin, TensorSpec, codes
from engine.settings import Preprocess


@dataclass(frozen=True, kw_only=True)
class ModelInputs:
    """What a model takes: images of `shape` (C, H, W), prepared by `preprocess`, or the arrays of `specs`.

    `name` is that of the first input, `batch` the number of examples that it is fixed to, None where that is dynamic.
    `metadata` is what the file says of itself.
    """

    name: str
    batch: int | None
    image: ImageInput | None = None
    shape: tuple[int, ...] = ()
    preprocess: Preprocess | None = None
    origins: Mapping[str, Origin] = field(default_factory=dict)
    """Where each field of the preprocessing comes from."""
    specs: tuple[TensorSpec, ...] = ()
    metadata: Metadata = field(default_factory=Metadata)
    warnings: tuple[Note, ...] = ()

    @property
    def settled(self) -> tuple[int, ...] | None:
        """The axes of an image after the batch, in the graph's order; None of other arrays."""
        if self.image is None:
            return None
        channels, height, width = self.shape
        return self.image.settled((channels, height, width))

    @property
    def edges(self) -> tuple[int | None, int | None] | None:
        """Height and width of an image; None of other arrays."""
        return None if self.image is None else (self.shape[1], self.shape[2])


def model_inputs(
    proto: onnx.ModelProto,
    preprocess: Preprocess | None,
    file_preprocess: Preprocess | None,
    size: tuple[int, int] | None,
    folder: Path | None,
) -> ModelInputs:
    """The inputs; images are prepared as was asked for, else as the file says, as files beside it in `folder` say, or
    as most are. `size` (height, width) is that of the images where the file leaves it open.

    Raises SourceError where these do not fit the images, or an input is no array of numbers.
    """
    image = read_image_input(proto)
    if image is None:
        specs = read_inputs(proto)
        dims = dimensions(graph_inputs(proto)[0])
        batch = dims[0] if specs[0].batched and dims and isinstance(dims[0], int) else None
        return ModelInputs(name=specs[0].name, batch=batch, specs=specs)
    image = with_size(image, size)
    metadata = read_metadata(proto, image, folder)
    origins = preprocess_origins(
        metadata, asked=preprocess is not None, own=file_preprocess is not None, size_asked=size is not None
    )
    is_known = preprocess is not None or file_preprocess is not None
    preprocess = preprocess or file_preprocess or metadata.preprocess
    shape = image_shape(image, preprocess)
    warnings = () if is_known or metadata.tells_pixels else (_assumed_note(image, shape),)
    preprocess = preprocess or _assumed(image, shape)
    _check_bytes_in(image, preprocess)
    return ModelInputs(
        name=image.name,
        batch=image.batch,
        image=image,
        shape=shape,
        preprocess=preprocess,
        origins=origins,
        metadata=metadata,
        warnings=warnings,
    )


def _assumed(declared: ImageInput, shape: tuple[int, int, int]) -> Preprocess:
    channels, height, width = shape
    prepare = pixel_preprocess if declared.kind == "uint8" else imagenet_preprocess
    return prepare(channels, (height, width))


def _assumed_note(declared: ImageInput, shape: tuple[int, int, int]) -> Note:
    what = (
        "no normalisation, since it takes bytes,"
        if declared.kind == "uint8"
        else "ImageNet's mean and standard deviation"
    )
    return Note(
        code=codes.PREPROCESS_ASSUMED,
        text=f"The file does not say how its images are prepared: {what} at "
        f"{shape[1]}x{shape[2]} px are assumed. If that is wrong, so are its answers.",
    )


def _check_bytes_in(declared: ImageInput, preprocess: Preprocess) -> None:
    """Raises SourceError where the graph takes bytes and the preprocessing makes anything but pixels from 0 to 255."""
    pixels = pixel_preprocess(len(preprocess.mean), preprocess.size)
    if declared.kind == "uint8" and (preprocess.mean, preprocess.std, preprocess.scale) != (
        pixels.mean,
        pixels.std,
        pixels.scale,
    ):
        raise SourceError(
            f"the input '{declared.name}' takes bytes (uint8), pixels from 0 to 255, and the preprocessing makes "
            "other numbers",
            "Set its scale to 1, every mean to 0 and every standard deviation to 1 (preprocess)",
        )
