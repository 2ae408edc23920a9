"""Weights of made networks: every test, every shared fixture and every module of tests draws the same ones."""

import numpy as np

RNG = np.random.default_rng(0)
BEGINNING = RNG.bit_generator.state


def weights(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def draw_again():
    """The next weights are the first ones."""
    RNG.bit_generator.state = BEGINNING
