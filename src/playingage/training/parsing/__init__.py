"""The parsing network: what belongs to hair, beard, brows, skin and to things in front of the face.

Calls run downward: train -> samples, network -> (made, cut) -> examples. Truth comes from rendered people, whose masks
are exact, and from portraits that are cut along their colours; nobody who is held out is learned from.
"""
