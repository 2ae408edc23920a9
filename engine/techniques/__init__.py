"""One file a technique: a function that takes a model, its settings and a context, and returns a new model."""
