"""Pruning: channels that go, or single weights that become zero."""

from engine.techniques.prune.alone import Alone, groups_of, prune_alone
from engine.techniques.prune.channel import UNCHANGED, Pruned, prune_to
from engine.techniques.prune.sparse import prune_sparse

__all__ = ["UNCHANGED", "Alone", "Pruned", "groups_of", "prune_alone", "prune_sparse", "prune_to"]
