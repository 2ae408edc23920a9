"""How far the values of a variant's layers are from those of FP32, and what a layer in float would change."""

from engine.results.base import Note, Result


class LayerError(Result):
    """A layer: a Conv, ConvTranspose, Gemm or MatMul with weights, by the name of its node in the FP32 file.

    `sqnr_db` is the signal-to-quantization-noise ratio of its values on all images together, `worst_sqnr_db` that on
    the image where it is lowest; null where nothing differs. The values are those that later layers read, so they also
    carry the errors of the layers before. `stored` is the number type of its weights in the variant.

    `output_sqnr_in_float_db` estimates the SQNR of the model's output with this layer in float: the variant's graph
    with the FP32 layer in its place, computed and not built. Null where nothing differs then, and before it is
    `estimated`.
    """

    name: str
    operator: str
    sqnr_db: float | None
    worst_sqnr_db: float | None
    worst_image: str | None
    size_bytes: int
    reference_bytes: int
    stored: str
    estimated: bool = False
    output_sqnr_in_float_db: float | None = None

    @property
    def in_float(self) -> bool:
        """Whether its weights are stored as 32-bit floats."""
        return self.stored == "float32"

    @property
    def float_bytes(self) -> int:
        """How many bytes more its weights take in float: an estimate, since the file also has other parts."""
        return max(self.reference_bytes - self.size_bytes, 0)


class UnmatchedLayer(Result):
    """A layer of the FP32 file whose values are not compared, and why."""

    name: str
    operator: str
    reason: Note


class LayerErrors(Result):
    """The layers of a variant beside those of the FP32 file, in the order of the graph.

    `reference_id` is the variant that the layers are compared with: what was quantized, or the baseline. `n_images`
    were compared, random inputs where `on_images` is False. `output_sqnr_db` is that of the model's main output on
    them. What a layer in float changes is estimated on `n_estimated_on` of them, on which the output has
    `estimated_from_db`.
    """

    variant_id: str
    reference_id: str
    n_images: int
    on_images: bool
    output_sqnr_db: float | None
    rows: tuple[LayerError, ...]
    unmatched: tuple[UnmatchedLayer, ...] = ()
    n_estimated_on: int = 0
    estimated_from_db: float | None = None
    warnings: tuple[Note, ...] = ()

    def layer(self, name: str) -> LayerError | None:
        """The compared layer of this name, or None."""
        return next((row for row in self.rows if row.name == name), None)

    @property
    def worst_first(self) -> tuple[LayerError, ...]:
        """The rows by their SQNR, the lowest first; those that do not differ last, in the order of the graph."""
        return tuple(sorted(self.rows, key=lambda row: float("inf") if row.sqnr_db is None else row.sqnr_db))

    def gain_db(self, layer: LayerError) -> float | None:
        """By how many dB the output's SQNR is estimated to rise with this layer in float.

        None where that was not estimated, and where no difference would be left.
        """
        if layer.output_sqnr_in_float_db is None or self.estimated_from_db is None:
            return None
        return layer.output_sqnr_in_float_db - self.estimated_from_db
