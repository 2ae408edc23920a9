"""The graphs of two files side by side, and which of their nodes compute the same."""

from engine.results.analyses import GraphNode
from engine.results.base import Result


class FileGraph(Result):
    """The graph of a file; `n_nodes` are all of the file's, of which more than can be drawn are folded.

    A folded node stands for nodes in a row: its operator counts them, its weights and multiply-adds are theirs, and its
    output is the last one's.
    """

    nodes: tuple[GraphNode, ...]
    n_nodes: int

    @property
    def is_folded(self) -> bool:
        """Whether a node stands for several of the file's."""
        return len(self.nodes) < self.n_nodes


class Partners(Result):
    """The names of nodes of both files that compute the same: what one has in one node, the other may have in more."""

    baseline: tuple[str, ...]
    model: tuple[str, ...]


class GraphComparison(Result):
    """The graphs of a baseline and of another file; a node that is in no `partners` has none in the other file."""

    baseline: FileGraph
    model: FileGraph
    partners: tuple[Partners, ...]
