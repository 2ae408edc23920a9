"""Pruning: removing channels, or setting single weights to zero."""

from engine.techniques.prune.channel import UNCHANGED, PruneResult, prune_to
from engine.techniques.prune.groups import Group
from engine.techniques.prune.single_group import GroupCut, groups_of, prune_group
from engine.techniques.prune.sparse import prune_sparse

__all__ = ["UNCHANGED", "Group", "GroupCut", "PruneResult", "groups_of", "prune_group", "prune_sparse", "prune_to"]
