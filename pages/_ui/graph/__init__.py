"""Graphs that are drawn in the browser, by libraries that the app serves itself."""
