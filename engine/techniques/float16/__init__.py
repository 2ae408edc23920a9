"""16-bit floats, with in 32 bits what would not fit."""

from engine.techniques.float16.step import float16

__all__ = ["float16"]
