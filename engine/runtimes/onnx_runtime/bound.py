"""onnxruntime sessions whose inputs and outputs lie in buffers of the provider's device (onnxruntime's I/O binding)."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import onnxruntime as ort

from engine.errors import RunError
from engine.runtimes.onnx_runtime.errors import ORT_ERRORS
from engine.runtimes.onnx_runtime.feed import DTYPES, feed
from engine.runtimes.onnx_runtime.loading import call_error, not_captured
from engine.runtimes.onnx_runtime.options import describe_options
from engine.settings import Target
from engine.settings.target import CUDA
from engine.tasks import Inputs


class DeviceOutputs(Mapping[str, np.ndarray]):
    """Outputs by name, copied from the device when they are read; those of the last call alone."""

    def __init__(self, names: Sequence[str], binding: ort.IOBinding) -> None:
        self._names, self._binding = list(names), binding

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._names:
            raise KeyError(name)
        return np.array(self._binding.get_outputs()[self._names.index(name)].numpy())

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class BoundSession:
    """A live session with buffers on the device; `options` are those that decide speed.

    Where the target's buffers are not bound, a call copies arrays into them and the outputs out of them, as a captured
    graph needs it. A captured graph takes the shapes of its first call alone.
    """

    def __init__(self, raw: ort.InferenceSession, output_names: Sequence[str], target: Target) -> None:
        self._raw: ort.InferenceSession | None = raw
        self.output_names = list(output_names)
        self.options = describe_options(target)
        self._target = target
        self._device = ("cuda" if target.provider == CUDA else "cpu", target.device_id or 0)
        self._feed = feed(raw)
        self._binding = raw.io_binding()
        self._buffers: dict[str, ort.OrtValue] = {}
        self._fed: tuple[Inputs, dict[str, np.ndarray]] | None = None

    def __call__(self, inputs: Inputs) -> Mapping[str, np.ndarray]:
        """The outputs by name; where buffers are bound they are copied from the device when they are read.

        Inputs are copied to the device when they are others than those of the last call, and must not change between
        two calls. Raises RunError with the runtime's reason or for another shape than a captured graph's, LimitError
        where the device has too little memory.
        """
        if self._raw is None:
            raise RunError("the session is closed", "Open it again")
        is_new = self._fed is None or self._fed[0] is not inputs
        arrays = self._feed(inputs) if is_new or self._fed is None else self._fed[1]
        try:
            if is_new or not self._target.bound:
                self._copy_in(arrays)
            self._fed = inputs, arrays
            self._raw.run_with_iobinding(self._binding)
            self._binding.synchronize_outputs()
            outputs = DeviceOutputs(self.output_names, self._binding)
            return outputs if self._target.bound else dict(outputs)
        except ORT_ERRORS as error:
            self._fed = None
            raise call_error(error, self._target, inputs) from error

    def close(self) -> None:
        """Free the session and its buffers."""
        self._raw = self._fed = self._binding = None
        self._buffers = {}

    def _copy_in(self, arrays: dict[str, np.ndarray]) -> None:
        """Copies the arrays into their buffers, which are made anew where shapes differ from those of the last call."""
        shapes = {name: list(array.shape) for name, array in arrays.items()}
        if shapes == {name: buffer.shape() for name, buffer in self._buffers.items()}:
            for name, array in arrays.items():
                self._buffers[name].update_inplace(np.ascontiguousarray(array))
            return
        if self._buffers and self._target.cuda_graph:
            captured = ", ".join(f"{name} {tuple(buffer.shape())}" for name, buffer in self._buffers.items())
            raise RunError(
                f"the graph was captured for inputs of shapes {captured}, and takes no others",
                "Open a session for each shape, or do without a captured graph (target.cuda_graph)",
            )
        self._bind(arrays)

    def _bind(self, arrays: dict[str, np.ndarray]) -> None:
        outputs = self._output_shapes(arrays) if self._target.cuda_graph else {}
        self._binding.clear_binding_inputs()
        self._binding.clear_binding_outputs()
        self._buffers = {}
        for name, array in arrays.items():
            buffer = ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array), *self._device)
            self._binding.bind_ortvalue_input(name, buffer)
            self._buffers[name] = buffer
        for name in self.output_names:
            if name in outputs:
                shape, dtype = outputs[name]
                buffer = ort.OrtValue.ortvalue_from_shape_and_type(shape, dtype, *self._device)
                self._binding.bind_ortvalue_output(name, buffer)
            else:
                self._binding.bind_output(name, *self._device)

    def _output_shapes(self, arrays: dict[str, np.ndarray]) -> dict[str, tuple[list[int], type[np.generic]]]:
        """Shape and number type of every output, which a captured graph writes to the same place in every call.

        Lengths that are not fixed are those of the inputs' axes of the same name; an unknown first one is the batch.
        Raises RunError where another is not known.
        """
        inputs, outputs = self._raw.get_inputs(), self._raw.get_outputs()  # type: ignore[union-attr]
        lengths = {axis: n for value in inputs for axis, n in zip(value.shape, arrays[value.name].shape, strict=False)}
        batch = arrays[inputs[0].name].shape[0] if arrays[inputs[0].name].ndim else 1

        def length(value: ort.NodeArg, number: int, axis: int | str | None) -> int:
            known = axis if isinstance(axis, int) else lengths.get(axis, batch if number == 0 else None)
            if known is None:
                raise not_captured(f"the length of axis {number} of its output '{value.name}' is not known beforehand")
            return known

        return {
            value.name: (
                [length(value, number, axis) for number, axis in enumerate(value.shape)],
                DTYPES.get(value.type, np.float32),
            )
            for value in outputs
            if value.name in self.output_names
        }
