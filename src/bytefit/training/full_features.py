"""The features of the published attempt, computed from the picture at full resolution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from PIL import Image

# A pixel counts as an edge where the Sobel gradient of its luma is above this (of 255).
_EDGE = 50


def full_features(picture: Image.Image) -> list[float]:
    """Return edge density, entropy (bits per pixel), variance, width and height of a picture."""
    luma = np.asarray(picture.convert("L"), dtype=np.float32)
    gradient = np.hypot(ndimage.sobel(luma, axis=0), ndimage.sobel(luma, axis=1))
    shares = np.bincount(luma.astype(np.uint8).ravel(), minlength=256) / luma.size
    shares = shares[shares > 0]
    return [
        float((gradient > _EDGE).mean()),
        float(-(shares * np.log2(shares)).sum()),
        float(luma.var()),
        float(picture.width),
        float(picture.height),
    ]
