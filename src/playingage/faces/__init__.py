"""Playing Age: faces."""
