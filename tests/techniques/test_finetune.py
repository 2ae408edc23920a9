import math

import torch

from engine import models
from engine.data import load
from engine.settings import Finetune, Preprocess, SampleData, Split, TimmModel
from engine.techniques.finetune import finetune
from engine.training.context import TrainingContext
from tests.made_contexts import made_context

GRAY = Preprocess(size=(32, 32), mean=(0.5,), std=(0.5,))


def tune(folder, seed, deadline=math.inf):
    """A random network of 7 outputs after an epoch on the ten digits."""
    folder.mkdir()
    source = TimmModel(name="test_resnet", weights="random", in_chans=1, num_classes=7)
    model = models.load(source, GRAY, 0, folder)
    data = load(SampleData(), Split(), GRAY, 0, merge_train=False, n_outputs=None)
    context = made_context(TrainingContext, data, folder, seed=seed, deadline=deadline)
    return finetune(model, Finetune(epochs=1, batch_size=512), context)


def test_a_new_head_depends_on_the_seed_alone(tmp_path):
    torch.manual_seed(1)
    first = tune(tmp_path / "first", seed=0)
    torch.manual_seed(2)
    second, other = tune(tmp_path / "second", seed=0), tune(tmp_path / "other", seed=1)
    weights = [outcome.model.weights.read_bytes() for outcome in (first, second, other)]
    assert weights[0] == weights[1] != weights[2]


def test_the_head_gets_the_classes_of_the_data(tmp_path):
    outcome = tune(tmp_path / "tuned", seed=0)
    assert outcome.model.classes == tuple("0123456789")
    assert outcome.model.build()(torch.zeros(1, 1, 32, 32)).shape == (1, 10)
    codes = [note.code for note in outcome.notes]
    assert codes == ["best_epoch", "new_head", "network_too_deep", "batch_capped", "family_defaults"]
