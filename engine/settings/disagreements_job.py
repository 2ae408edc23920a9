"""The request to show the images on which a variant of a run answers otherwise than its baseline."""

from typing import Literal

from engine.settings.base import Settings, setting
from engine.settings.recipe import Recipe


class DisagreementsRequest(Settings):
    """The request to ask baseline and variant about the run's evaluation images; the result is a Disagreements.

    `recipe` is that of the run in `folder`, so that the images are the run's own.
    """

    kind: Literal["disagreements"] = "disagreements"
    folder: str = setting(help="The folder of the run.", min_length=1)
    recipe: Recipe
    variant_id: str = setting(help="The id of the variant.", pattern=r"^[0-9a-f]{12}$")
    minutes: float = setting(5.0, help="No further images are asked about after this.", unit="min", gt=0, le=60)
