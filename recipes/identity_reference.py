"""What dlib itself says of NASA's portrait: the numbers to which `tests/faces/test_identity.py` holds ours.

Run where dlib is installed, which Playing Age does not need (`pip install dlib-bin`):
`python recipes/identity_reference.py MODEL.dat SHAPE_PREDICTOR_5.dat PORTRAIT.jpg tests/faces/identity.json`
"""

import json
import sys
from pathlib import Path

import cv2
import dlib
import numpy as np

if __name__ == "__main__":
    weights, shape, portrait, target = sys.argv[1:]
    picture = np.ascontiguousarray(cv2.imread(portrait)[..., ::-1])
    network = dlib.face_recognition_model_v1(weights)
    found = max(dlib.get_frontal_face_detector()(picture, 1), key=lambda box: box.area())
    chip = dlib.get_face_chip(picture, dlib.shape_predictor(shape)(picture, found), size=150, padding=0.25)
    values = {
        "of": "dlib 20 on NASA's portrait S99-05356 as shipped in demo/",
        "cut": [60, 150],  # a chip that needs no alignment: rows and columns from here, 150 each
        "cut_embedding": list(network.compute_face_descriptor(np.ascontiguousarray(picture[60:210, 150:300]))),
        "face_embedding": list(network.compute_face_descriptor(chip)),
    }
    Path(target).write_text(json.dumps(values, indent=None) + "\n", encoding="utf-8")
