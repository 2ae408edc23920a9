import json

from engine.models.artifacts import file_sha256
from engine.models.sample import SAMPLE, load_sample
from engine.settings import SampleModel

CARD = json.loads((SAMPLE / "card.json").read_text(encoding="utf-8"))


def test_the_shipped_network_has_the_accuracy_that_its_card_states(sample_run):
    accuracy = sample_run.report.baseline.accuracy
    # The card counts the images that choose as well, and one may fall the other way with another processor's rounding.
    assert accuracy.low < CARD["top1"] < accuracy.high
    assert accuracy.top1 >= 0.97


def test_it_was_judged_on_the_split_that_its_card_states(sample_run):
    split, data = CARD["split"], sample_run.report.data
    assert (data.n_train, data.n_calibration) == (split["train"], split["calibration"])
    n_moved = data.n_selection - data.n_calibration // 2  # tests/data/test_selection.py looks at which ones
    assert data.n_evaluation + n_moved == split["evaluation"]


def test_the_checkpoint_is_the_one_of_the_card_and_at_most_10_mb():
    weights = load_sample(SampleModel(), None).weights
    assert file_sha256(weights) == CARD["weights_sha256"]
    assert weights.stat().st_size <= 10_000_000
