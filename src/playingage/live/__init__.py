"""Playing Age: live."""
