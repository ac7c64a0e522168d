"""Playing Age: models."""
