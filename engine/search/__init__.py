"""Steps that try several models and keep the best."""
