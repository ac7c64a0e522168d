"""Hours of a shooting day: a camera that breaks, viewers that come and go, and what the live path makes of it.

Calls run downward: `__main__` -> (day, fast, summary) -> (scene, camera, watchers, sampler). The server, the camera
and the viewers are processes of their own; what they say to `day` are lines of text. Nothing of it is stubbed: the real
command reads a real stream from the loopback device. `fast` is the exception and says so.
"""
