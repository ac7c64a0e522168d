"""Playing Age: engine."""
