"""Playing Age: render."""
