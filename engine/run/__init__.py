"""One run: its stages, its branches, and its report while it is made."""
