"""Measures the alignment template: mean places of stable landmarks on frontal portraits.

    python recipes/template.py ../shared/data/portraits

Prints the table that stands in `playingage/faces/align.py`.
"""

import sys
from pathlib import Path

import cv2
import numpy as np

from playingage.faces.detector import FaceDetector, tiles, whole
from playingage.faces.mesh import FaceMesh, pose_of, region_of_detection, region_of_landmarks
from playingage.runtime import choose_device

INDICES = (33, 133, 362, 263, 168, 6, 197, 2, 98, 327, 61, 291, 127, 356)
MIRROR = {33: 263, 133: 362, 98: 327, 61: 291, 127: 356}


def main(folder: Path) -> None:
    """Print the template's table."""
    device = choose_device("CPU")
    detector, mesh = FaceDetector(device), FaceMesh(device)
    rows = []
    for path in sorted(folder.glob("*.jpg")):
        picture = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        found = detector.detect(picture, [whole(*picture.shape[:2]), *tiles(*picture.shape[:2])])
        if not found:
            continue
        points, _ = mesh.landmarks(picture, region_of_detection(found[0]))
        points, score = mesh.landmarks(picture, region_of_landmarks(points))
        pose = pose_of(points)
        if score < 0.9 or abs(pose.yaw) > 8:
            continue
        left, right = (points[33] + points[133])[:2] / 2, (points[263] + points[362])[:2] / 2
        turn = complex(*(right - left))
        middle = (left + right) / 2
        level = ((points[list(INDICES), :2] - middle) @ (1, 1j)) / turn
        rows.append(np.column_stack([level.real, level.imag]))
    mean = dict(zip(INDICES, np.mean(rows, axis=0), strict=True))
    for a, b in MIRROR.items():
        x, y = (mean[b][0] - mean[a][0]) / 2, (mean[a][1] + mean[b][1]) / 2
        mean[a], mean[b] = np.array([-x, y]), np.array([x, y])
    print(f"# {len(rows)} portraits")
    for index, (x, y) in mean.items():
        middle_line = index not in MIRROR and index not in MIRROR.values()
        print(f"    {index}: ({0.0 if middle_line else x:.3f}, {y:.3f}),")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
