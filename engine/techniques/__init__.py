"""The techniques, a function each, that takes a model, its settings and a context and returns a new model."""
