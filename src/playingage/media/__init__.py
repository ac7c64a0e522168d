"""Playing Age: media."""
