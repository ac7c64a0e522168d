"""Playing Age: web."""
