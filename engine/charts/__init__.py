"""Result -> plotly Figure: pure functions, one file a family.

Marks have the colour of their role (style.py), the same in every chart; text has the colour of the page.
Every figure carries its alternative text; `alt_text(figure)` reads it.
"""

from engine.charts.accuracy import accuracy, similarity
from engine.charts.advice import advice
from engine.charts.answers import answers
from engine.charts.audit import audit
from engine.charts.classes import class_counts
from engine.charts.latency import latency, speed
from engine.charts.layers import layers
from engine.charts.preprocessing import preprocessing
from engine.charts.race import race, stage_reached
from engine.charts.roofline import roofline
from engine.charts.sensitivity import sensitivity
from engine.charts.size import size
from engine.charts.style import alt_text
from engine.charts.tradeoff import tradeoff
from engine.charts.training import learning_curve
from engine.charts.tree import tree
from engine.charts.variants import variant_names
from engine.charts.waterfall import chain_steps, waterfall

__all__ = [
    "accuracy",
    "advice",
    "alt_text",
    "answers",
    "audit",
    "class_counts",
    "stage_reached",
    "latency",
    "layers",
    "learning_curve",
    "chain_steps",
    "variant_names",
    "preprocessing",
    "race",
    "roofline",
    "sensitivity",
    "similarity",
    "size",
    "speed",
    "tradeoff",
    "tree",
    "waterfall",
]
