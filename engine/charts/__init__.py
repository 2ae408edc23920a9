"""Result -> plotly Figure: pure functions, one file a family.

Marks have the colour of their role (style.py), the same in every chart; text has the colour of the page.
Every figure carries its alternative text; `alt_text(figure)` reads it.
"""

from engine.charts.accuracy import accuracy, similarity
from engine.charts.advice import advice
from engine.charts.answers import answers
from engine.charts.audit import audit
from engine.charts.class_changes import class_changes, confusion_difference, moved_classes
from engine.charts.classes import class_counts
from engine.charts.cold_start import cold_start, memory
from engine.charts.front import FigureName, axis, front, variant_key
from engine.charts.graph import (
    EVERYTHING,
    MOST_DRAWN,
    Box,
    Colouring,
    GraphDrawing,
    GraphSide,
    box_name,
    bytes_colouring,
    error_colouring,
    found_nodes,
    graph_alt,
    graph_drawings,
    is_block,
    partners_of,
    shape_text,
    time_colouring,
)
from engine.charts.lanes import lane_colours
from engine.charts.latency import latency, speed
from engine.charts.layer_errors import LayerOrder, layer_errors
from engine.charts.layers import layers
from engine.charts.overview import OverviewChart, overview_charts
from engine.charts.preprocessing import preprocessing
from engine.charts.quality import quality_axis_of
from engine.charts.race import race, stage_reached
from engine.charts.roofline import roofline
from engine.charts.sensitivity import sensitivity
from engine.charts.serving import serving, setting_name
from engine.charts.showdown import showdown
from engine.charts.size import size
from engine.charts.style import CANDIDATE, alt_text
from engine.charts.sweep import sweep
from engine.charts.time_profile import heaviest_nodes, operator_times
from engine.charts.tradeoff import tradeoff
from engine.charts.training import learning_curve
from engine.charts.tree import tree
from engine.charts.variants import variant_names
from engine.charts.waterfall import chain_steps, waterfall

__all__ = [
    "accuracy",
    "advice",
    "FigureName",
    "OverviewChart",
    "alt_text",
    "answers",
    "axis",
    "audit",
    "LayerOrder",
    "class_changes",
    "class_counts",
    "confusion_difference",
    "CANDIDATE",
    "EVERYTHING",
    "MOST_DRAWN",
    "Box",
    "Colouring",
    "GraphDrawing",
    "GraphSide",
    "box_name",
    "bytes_colouring",
    "error_colouring",
    "found_nodes",
    "front",
    "graph_alt",
    "graph_drawings",
    "is_block",
    "partners_of",
    "shape_text",
    "time_colouring",
    "cold_start",
    "stage_reached",
    "heaviest_nodes",
    "lane_colours",
    "latency",
    "layer_errors",
    "layers",
    "learning_curve",
    "memory",
    "moved_classes",
    "chain_steps",
    "variant_key",
    "operator_times",
    "overview_charts",
    "variant_names",
    "preprocessing",
    "quality_axis_of",
    "race",
    "roofline",
    "sensitivity",
    "showdown",
    "similarity",
    "size",
    "speed",
    "serving",
    "setting_name",
    "sweep",
    "tradeoff",
    "tree",
    "waterfall",
]
