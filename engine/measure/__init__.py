"""Size, latency, accuracy and fidelity, with their uncertainty."""
