"""The requests of analyses of one variant of a run on the run's own images."""

from typing import Literal

from engine.settings.base import Settings, setting
from engine.settings.recipe import Recipe


class VariantRequest(Settings):
    """Base of the requests about a variant on the run's own images: `recipe` is that of the run in `folder`."""

    kind: str
    folder: str = setting(help="The folder of the run.", min_length=1)
    recipe: Recipe
    variant_id: str = setting(help="The id of the variant.", pattern=r"^[0-9a-f]{12}$")


class DisagreementsRequest(VariantRequest):
    """The request to ask baseline and variant about the run's evaluation images; the result is a Disagreements."""

    kind: Literal["disagreements"] = "disagreements"
    minutes: float = setting(5.0, help="No further images are asked about after this.", unit="min", gt=0, le=60)


class LayerErrorsRequest(VariantRequest):
    """The request to compare the values of a variant's layers with those of FP32; the result is a LayerErrors."""

    kind: Literal["layer_errors"] = "layer_errors"
    images: int = setting(16, help="Evaluation images on which layers are compared.", unit="images", ge=1, le=256)
    minutes: float = setting(3.0, help="No further layer is put in float after this.", unit="min", gt=0, le=60)
