"""The request to make the deployment bundle of a run's variants."""

from typing import Literal

from engine.settings.base import Settings, setting
from engine.settings.recipe import Recipe
from engine.settings.serving import DEFAULT_SERVING, ServeChoice

GoldenSource = Literal["evaluation", "noise"]


class BundleRequest(Settings):
    """The request to pack variants of the run in `folder`, each with all that it needs; the result is a Bundle.

    `recipe` is that of the run, so that the images are the run's own. `report_sha256` is the sum of its report: a run
    that was measured again gets another bundle.
    """

    kind: Literal["bundle"] = "bundle"
    folder: str = setting(help="The folder of the run.", min_length=1)
    name: str = setting(help="The name of the run.")
    recipe: Recipe
    report_sha256: str = setting(help="The SHA-256 of its report.")
    variants: tuple[str, ...] = setting(help="The ids of the variants.", min_length=1, max_length=64)
    golden: GoldenSource = setting(
        "evaluation",
        label="What the bundle proves itself with",
        choices={"evaluation": "Images of the evaluation split", "noise": "Made-up images"},
        help="Some evaluation images travel in the bundle with their files, so that their preparation is proved too. "
        "Made-up ones tell nobody anything of your data.",
    )
    serve: ServeChoice = DEFAULT_SERVING
