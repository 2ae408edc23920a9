"""16-bit floats; values that do not fit stay in 32 bits."""

from engine.techniques.float16.step import float16

__all__ = ["float16"]
