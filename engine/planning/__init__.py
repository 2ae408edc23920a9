"""Before a run: what a recipe means, what it will do, and about how long it takes."""
