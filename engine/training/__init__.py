"""Training: one loop for every technique that trains, with its objectives and its state."""
