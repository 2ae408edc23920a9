"""Distillation: a student learns a teacher's answers."""

from engine.techniques.distill.step import distill

__all__ = ["distill"]
