"""Between RGB pixels and the planes a JPEG holds, as libjpeg does it, with the adjoints that gradients need.

Planes are Y, Cb and Cr, centred on zero; with 4:2:0 the chroma planes have half the width and height, rounded up.
A grey image has the one plane Y.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bytefit.codecs.jpeg.best.products import mixed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[np.float32]
    Pixels = NDArray[np.uint8]

# JFIF (ITU-T T.871): Y, Cb, Cr of R, G, B and back.
_TO_YCC = np.array(
    [[0.299, 0.587, 0.114], [-0.168735892, -0.331264108, 0.5], [0.5, -0.418687589, -0.081312411]], np.float32
)
_TO_RGB = np.array([[1, 0, 1.402], [1, -0.344136286, -0.714136286], [1, 1.772, 0]], np.float32)


def planes_of(pixels: Pixels, *, halved: bool) -> list[Plane]:
    """Return the planes of RGB pixels, (3, height, width), or of grey ones, (1, height, width), in whole numbers.

    libjpeg rounds them as well. A decoder can give back whole numbers, and only those: with fractions, what fine tables
    keep of them is lost when the decoder rounds (0.3 to 0.8 dB of PSNR-HVS from quality 92 up).
    """
    if len(pixels) == 1:
        return [pixels[0].astype(np.float32) - 128]
    ycc = np.rint(mixed(_TO_YCC, pixels.astype(np.float32)))
    ycc[0] -= 128
    return [ycc[0], *(np.rint(_halved(plane)) if halved else plane for plane in ycc[1:])]


def pixels_of(planes: list[Plane], *, halved: bool) -> tuple[Pixels, NDArray[np.bool_]]:
    """Return what a decoder shows, (3, height, width), and which of the values were not clipped.

    A decoder rounds the samples before it mixes colours of them, and the score sees it: levels that are chosen by what
    is really shown score 0.13 points more at 1 and 2 bits a pixel.
    """
    luma, *chroma = (np.clip(np.rint(plane), -128, 127) for plane in planes)
    luma += 128
    if not chroma:
        shown = luma[None].repeat(3, axis=0)
    else:
        wide = [np.rint(_doubled(plane, luma.shape)) if halved else plane for plane in chroma]
        shown = np.rint(mixed(_TO_RGB, np.stack([luma, *wide])))
    inside = (shown >= 0) & (shown <= 255)  # noqa: PLR2004  (what a byte holds)
    return np.clip(shown, 0, 255).astype(np.uint8), inside


def back_to_planes(gradient: Plane, count: int, *, halved: bool) -> list[Plane]:
    """Return the gradient with respect to the planes, given the one with respect to RGB: the adjoint of `pixels_of`."""
    if count == 1:
        return [gradient.sum(axis=0)]
    luma, *chroma = mixed(_TO_RGB.T, gradient)
    return [luma, *(_doubled_back(plane) if halved else plane for plane in chroma)]


def _halved(plane: Plane) -> Plane:
    height, width = plane.shape
    if height % 2 or width % 2:
        plane = np.pad(plane, ((0, height % 2), (0, width % 2)), mode="edge")
    rows = plane[::2] + plane[1::2]
    return (rows[:, ::2] + rows[:, 1::2]) * np.float32(0.25)


def _doubled(plane: Plane, shape: tuple[int, ...]) -> Plane:
    """Return the plane at twice the size, by libjpeg's "fancy" triangle filter."""
    tall = _doubled_rows(plane)[: shape[0]]
    return np.ascontiguousarray(_doubled_rows(tall.T)[: shape[1]].T)


def _doubled_rows(plane: Plane) -> Plane:
    """Return twice the rows: each three quarters of its own and one quarter of the nearer neighbour."""
    near, far = np.float32(0.75), np.float32(0.25)
    above = np.concatenate([plane[:1], plane[:-1]])
    below = np.concatenate([plane[1:], plane[-1:]])
    doubled = np.empty((2 * len(plane), plane.shape[1]), np.float32)
    doubled[::2] = near * plane + far * above
    doubled[1::2] = near * plane + far * below
    return doubled


def _doubled_back(gradient: Plane) -> Plane:
    """Return the adjoint of `_doubled`."""
    return _doubled_rows_back(np.ascontiguousarray(_doubled_rows_back(gradient).T)).T


def _doubled_rows_back(gradient: Plane) -> Plane:
    if len(gradient) % 2:
        gradient = np.concatenate([gradient, np.zeros_like(gradient[:1])])
    even, odd = gradient[::2], gradient[1::2]
    back = np.float32(0.75) * (even + odd)
    back[:-1] += np.float32(0.25) * even[1:]
    back[0] += np.float32(0.25) * even[0]
    back[1:] += np.float32(0.25) * odd[:-1]
    back[-1] += np.float32(0.25) * odd[-1]
    return back
