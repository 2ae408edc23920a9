"""What lets a bundle serve itself: a server of its own, and a model repository for Triton."""
