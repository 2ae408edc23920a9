"""The request to say what a file of 8-bit sums answers on a processor without VNNI."""

from typing import Literal

from engine.settings.base import Settings, setting
from engine.settings.recipe import Recipe


class CrossCpuRequest(Settings):
    """The request to estimate a variant's answers on an x86 processor without VNNI; the result is a CrossCpu.

    `recipe` is that of the run in `folder`, so that the images are the run's own.
    """

    kind: Literal["cross_cpu"] = "cross_cpu"
    folder: str = setting(help="The folder of the run.", min_length=1)
    recipe: Recipe
    variant_id: str = setting(help="The id of the variant.", pattern=r"^[0-9a-f]{12}$")
    minutes: float = setting(3.0, help="No further images are answered after this.", unit="min", gt=0, le=60)
