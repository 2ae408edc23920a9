"""One run: its story, its branches, and its report as it grows."""
