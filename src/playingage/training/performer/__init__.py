"""A performer: what their archive teaches, on top of what the default re-ager knows of faces."""
