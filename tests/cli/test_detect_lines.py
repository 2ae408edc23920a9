"""The preprocessings that were tried, on the command line: what was found, on which images, and what is unknown."""

import json

from engine.cli.detect_lines import of_detection
from engine.settings import Preprocess
from tests.made_charts import made_detection

NONE_BETTER = {"better": None, "comparison": None}


def test_what_is_better_is_said_with_its_figures_and_as_a_recipe_has_it():
    detection = made_detection(2)
    told = of_detection(detection)
    assert told[0] == "on 200 images: 150 of the calibration split, 50 of those that choose"
    assert told[1].split()[:2] == ["preprocessing", "images"]
    assert told[4].split("  ")[0] == "crop 98 %"
    assert "90.0 % (87.0 % to 93.0 %)  100     20     6e-09         as declared" in told[4]
    assert told[-2] == "surely better: crop 98 %, top-1 90.0 % in place of 30.0 %"
    key, _, value = told[-1].partition(": ")
    assert (key, Preprocess.model_validate(json.loads(value))) == ("preprocess", detection.winner.preprocess)


def test_what_was_not_tried_is_named():
    detection = made_detection(8, **NONE_BETTER)
    untried = tuple(one.preprocess for one in detection.trials[1:])
    told = of_detection(detection.model_copy(update={"untried": untried}))
    assert "not tried, as the time was up: 8 (crop 99 %; crop 98 %; crop 97 %; crop 96 %; crop 95 %, ...)" in told
    assert told[-1] == "none is surely better than the declared one, corrected for 12 comparisons"


def test_too_few_images_are_called_too_few():
    detection = made_detection(2, **NONE_BETTER)
    few = tuple(one.model_copy(update={"n_images": 6}) for one in detection.trials)
    assert of_detection(detection.model_copy(update={"trials": few}))[-1].startswith("6 images cannot show")


def test_without_labels_nothing_is_called_accuracy():
    detection = made_detection(2, labelled=False, **NONE_BETTER)
    bare = dict.fromkeys(("top1", "low", "high", "reference", "n_better", "n_worse", "p_value"))
    told = of_detection(
        detection.model_copy(update={"trials": tuple(one.model_copy(update=bare) for one in detection.trials)})
    )
    assert told[-1].startswith("a hint alone")
    assert not {"top-1", "accuracy"} & set(" ".join(told).split())
    assert told[2].split()[-3:] == ["0.9", "0.3", "10"]
