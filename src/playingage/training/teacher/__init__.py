"""The teacher: how real faces look at another age, learned by regression over aligned portraits.

Prototypes after Burt and Perrett ("Perception of age in adult Caucasian male faces", 1995), detail by energy of wavelet
bands after Tiddeman, Burt and Perrett ("Prototyping and transforming facial textures for perception research", 2001),
folds and wrinkles from older donors. `statistics` fits, `apply` changes a picture, `bands` splits one into octaves.
"""
