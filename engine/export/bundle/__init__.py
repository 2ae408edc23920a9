"""The deployment bundle: a zip that runs one variant, and proves that it does."""
