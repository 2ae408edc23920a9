"""Weights of made networks. Every test draws the same ones, and so does every fixture that several tests share."""

import numpy as np

RNG = np.random.default_rng(0)
BEGINNING = RNG.bit_generator.state


def weights(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def draw_again():
    """The next weights are the first ones."""
    RNG.bit_generator.state = BEGINNING
