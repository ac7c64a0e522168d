"""Gives a performer any playing age."""
__version__ = "0.1.0"
