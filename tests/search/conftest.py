"""Searches are tried on the small graphs that techniques are tried on."""

from tests.techniques.given import same_weights

__all__ = ["same_weights"]
