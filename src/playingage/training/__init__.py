"""Playing Age: training."""
