"""The command line: the verbs of the façade, and results as lines of text."""
