"""What a browser needs to run the lanes' files itself: prepared images, and the answers to compare its own with."""

import numpy as np
import onnx

from engine.live_race.lanes import Lane, graph_input
from engine.live_race.race import Race
from engine.measure.confidence import probabilities
from engine.results.live_race import BrowserInputs
from engine.runtimes.feed import channels_last

MOST_IMAGES, MOST_INPUT_BYTES = 16, 8_000_000
MOST_FILE_BYTES = 400_000_000
"""WebAssembly has 4 GB in all, and onnxruntime-web holds a file several times while it loads it."""
DIGITS = 6


def browser_inputs(race: Race) -> tuple[BrowserInputs, bytes]:
    """The first images of the track, and what every lane answers of them here. The caller holds the measure lock."""
    inputs = race.track.inputs
    n = min(len(inputs), MOST_IMAGES, max(1, MOST_INPUT_BYTES // inputs[0].nbytes))
    images = np.concatenate(inputs[:n])
    batch, channels, height, width = images.shape
    answers = {lane.settings.variant_id: _answers(lane, images) for lane in race.lanes}
    return (
        BrowserInputs(
            shape=(batch, channels, height, width),
            class_names=tuple(race.names),
            labels=None if race.track.labels is None else tuple(int(label) for label in race.track.labels[:n]),
            probabilities=answers,
            input_names={lane.settings.variant_id: graph_input(lane.proto).name for lane in race.lanes},
            output_names={lane.settings.variant_id: lane.output for lane in race.lanes},
            refusals={lane.settings.variant_id: why for lane in race.lanes if (why := refusal(lane.proto, lane.batch))},
        ),
        images.astype("<f4").tobytes(),
    )


def refusal(proto: onnx.ModelProto, batch: int) -> str:
    """Why a file is not run in a browser; empty where it is."""
    tensor = graph_input(proto).type.tensor_type
    if proto.ByteSize() > MOST_FILE_BYTES:
        return f"its file has more than {MOST_FILE_BYTES // 10**6} MB"
    if any(weight.data_location == onnx.TensorProto.EXTERNAL for weight in proto.graph.initializer):
        return "its weights are in a second file"
    if tensor.elem_type != onnx.TensorProto.FLOAT:
        return f"it takes {onnx.TensorProto.DataType.Name(tensor.elem_type).lower()}, and 32-bit floats are sent"
    if channels_last([dim.dim_value for dim in tensor.shape.dim]):
        return "it takes images with the channels last"
    return f"it takes {batch} images a call" if batch > 1 else ""


def _answers(lane: Lane, images: np.ndarray) -> tuple[tuple[float, ...], ...]:
    scores = np.stack([lane.call(lane.fitted(images[index : index + 1]))[0] for index in range(len(images))])
    return tuple(tuple(round(float(share), DIGITS) for share in row) for row in probabilities(scores))
