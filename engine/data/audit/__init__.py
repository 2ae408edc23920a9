"""What is wrong with images by themselves: copies of one another, and how each one looks."""
