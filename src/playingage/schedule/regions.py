"""Parts of a face that may have an age of their own."""

REGIONS = ("eyes", "brow", "cheeks", "mouth", "neck")
"""As `engine.look` has them; a test holds the two together."""
