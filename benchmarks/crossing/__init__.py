"""People who cross, turn away, leave and come back: is a wrong face ever aged? Real people's pictures stay outside."""
