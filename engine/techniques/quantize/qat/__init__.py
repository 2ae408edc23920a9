"""Quantization-aware training, on the graph that the static quantizer makes."""

from engine.techniques.quantize.qat.step import qat

__all__ = ["qat"]
