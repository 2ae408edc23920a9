"""What tries several models and keeps the best."""
