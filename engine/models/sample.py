"""The network that ships with the engine, trained by scripts/make_sample.py on the sample data."""

import json
from pathlib import Path

from engine.errors import SourceError
from engine.models.artifacts import TorchModel, torch_model
from engine.settings import Preprocess, SampleModel

SAMPLE = Path(__file__).parent / "sample"


def load_sample(source: SampleModel, preprocess: Preprocess | None) -> TorchModel:
    """The sample network as its card describes it.

    Raises SourceError where `preprocess` is not the one that it was trained with.
    """
    card = json.loads((SAMPLE / "card.json").read_text(encoding="utf-8"))
    card_preprocess = Preprocess.model_validate(card["preprocess"])
    if preprocess not in (None, card_preprocess):
        raise SourceError(
            f"the sample '{source.name}' was trained with its own preprocessing",
            "Leave the preprocessing out (preprocess)",
        )
    return torch_model(
        architecture=card["architecture"],
        num_classes=card["num_classes"],
        in_chans=card["in_chans"],
        img_size=card["img_size"],
        weights=SAMPLE / f"{source.name}.safetensors",
        seed=0,
        weights_label="sample",
        preprocess=card_preprocess,
        classes=tuple(card["classes"]),
    )
