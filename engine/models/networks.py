"""Keeps a trained network beside the ONNX file of its variant, and writes a network as timm reads it."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from timm.models import save_for_hf

from engine.errors import StorageError
from engine.models.artifacts import TorchModel

DESCRIPTION, WEIGHTS = "network.json", "network.safetensors"
PIXEL_SCALE = 255.0
"""What timm divides pixels by."""
_NETWORK = TypeAdapter(TorchModel)
_OF_OTHERS = ("license", "origin_url", "paper_ids", "paper_name", "tag", "notes", "url", "hf_hub_id", "hf_hub_filename")
"""What timm's configuration says of the weights that it publishes, which these are not."""


def keep_network(model: TorchModel, folder: Path) -> None:
    """Write the network and its weights to the folder, from which `read_network` reads them. Raises OSError."""
    if model.weights is None:
        raise ValueError("a network of random weights is made again by its seed")
    shutil.copyfile(model.weights, folder / WEIGHTS)
    kept = replace(model, weights=Path(WEIGHTS))
    (folder / DESCRIPTION).write_bytes(_NETWORK.dump_json(kept))


def read_network(folder: Path) -> TorchModel | None:
    """The network that is kept in the folder, or None. Raises StorageError where it is damaged."""
    try:
        text = (folder / DESCRIPTION).read_bytes()
    except FileNotFoundError:
        return None
    try:
        model = _NETWORK.validate_json(text)
    except ValidationError as error:
        raise StorageError(f"'{folder / DESCRIPTION}' is damaged", "Run the recipe again") from error
    return replace(model, weights=folder / WEIGHTS)


def timm_misfit(model: TorchModel) -> str:
    """Why no configuration of timm can describe the model, as a clause; empty where one can."""
    if model.structure:
        return "its network was pruned, and timm's configuration knows whole networks alone"
    preprocess = model.preprocess
    if preprocess.scale != PIXEL_SCALE:
        return f"its preprocessing divides pixels by {preprocess.scale:g}, which timm's configuration cannot say"
    if preprocess.channels == "bgr":
        return "its preprocessing orders the channels BGR, which timm's configuration cannot say"
    if preprocess.resize == "letterbox":
        return "its preprocessing pads images, which timm's configuration cannot say"
    return ""


def write_timm_folder(model: TorchModel, folder: Path) -> None:
    """Write config.json and model.safetensors, which timm.create_model loads as local-dir:FOLDER or from the Hub."""
    preprocess = model.preprocess
    names: Mapping[str, Any] = {"label_names": list(model.classes)} if model.classes else {}
    save_for_hf(
        model.build(),
        str(folder),
        safe_serialization=True,
        model_config={"num_classes": model.num_classes, **names},
        data_config={
            "input_size": (model.in_chans, *preprocess.size),
            "mean": preprocess.mean,
            "std": preprocess.std,
            "interpolation": preprocess.interpolation,
            "crop_pct": preprocess.crop_pct,
            "crop_mode": "squash" if preprocess.resize == "squash" else "center",
        },
    )
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["pretrained_cfg"] = {key: value for key, value in config["pretrained_cfg"].items() if key not in _OF_OTHERS}
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
