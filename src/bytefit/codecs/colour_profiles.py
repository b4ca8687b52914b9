"""Makes colour profiles (ICC.1:2001-04, version 2) from what other containers state as numbers: gamma and primaries.

A viewer that knows nothing of PNG's gamma shows the samples of a linear image much too dark. With the profile it shows
them as the PNG does.
"""

from __future__ import annotations

from struct import error as struct_error
from struct import pack, unpack_from
from typing import NamedTuple

_D50 = (0.9642, 1.0, 0.8249)
_HEADER, _DIRECTORY_ENTRY = 128, 12

# The cone responses in which white points are adapted (Lam, 1985; ICC.1:2022, annex E).
_BRADFORD = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))

Matrix = tuple[tuple[float, ...], ...]


class Primaries(NamedTuple):
    """The chromaticities (x, y) of white, red, green and blue."""

    white: tuple[float, float]
    red: tuple[float, float]
    green: tuple[float, float]
    blue: tuple[float, float]


SRGB = Primaries((0.3127, 0.329), (0.64, 0.33), (0.3, 0.6), (0.15, 0.06))
ADOBE_RGB = SRGB._replace(green=(0.21, 0.71))
ADOBE_RGB_GAMMA = 563 / 256
_SAME = 0.002  # chromaticities of sRGB are written with three to five digits


def is_srgb(primaries: Primaries) -> bool:
    """Return whether primaries are those of sRGB."""
    pairs = zip(primaries, SRGB, strict=True)
    return all(abs(one - other) <= _SAME for pair in pairs for one, other in zip(*pair, strict=True))


def gamma_curve(gamma: float) -> bytes:
    """Return the curve from samples to light of samples that are light to the power of `1 / gamma`."""
    return b"curv" + bytes(4) + pack(">IH", 1, min(65_535, max(1, round(gamma * 256))))


def profile(curve: bytes, primaries: Primaries = SRGB, *, grey: bool = False) -> bytes:
    """Return a display profile.

    Args:
        curve: the curve of every channel, a complete element such as `gamma_curve` makes.
        primaries: what the channels are; of a grey image only the white point counts.
        grey: whether the image has one channel instead of three.

    Raises:
        ValueError: if the primaries are no triangle around white.
    """
    elements = {b"desc": _description("bytefit: gamma and primaries of the source"), b"cprt": _text("no copyright")}
    elements[b"wtpt"] = _xyz(_D50)
    if grey:
        elements[b"kTRC"] = curve
    else:
        columns = _transposed(_adapted(primaries))
        elements |= {name: _xyz(column) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)}
        elements |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    return _file(b"GRAY" if grey else b"RGB ", elements)


def for_colours(grey_profile: bytes) -> bytes:
    """Return the profile of a grey image for the same image in RGB; empty where it has no curve to take over."""
    try:
        count = unpack_from(">I", grey_profile, _HEADER)[0]
        for number in range(count):
            name, start, length = unpack_from(">4sII", grey_profile, _HEADER + 4 + _DIRECTORY_ENTRY * number)
            curve = grey_profile[start : start + length]
            if name == b"kTRC" and len(curve) == length and curve.startswith(b"curv"):
                return profile(curve)
    except struct_error:
        return b""
    return b""


def _adapted(primaries: Primaries) -> Matrix:
    """Return the matrix from linear samples to XYZ of the profile's white point, D50."""
    white = _xyz_of(primaries.white)
    channels = _transposed(tuple(_xyz_of(one) for one in primaries[1:]))
    strengths = _times(_inverse(channels), white)
    matrix = tuple(tuple(value * one for value, one in zip(row, strengths, strict=True)) for row in channels)
    cones, wanted = _times(_BRADFORD, white), _times(_BRADFORD, _D50)
    scales = tuple(tuple(wanted[row] / cones[row] if row == column else 0.0 for column in range(3)) for row in range(3))
    return _product(_product(_inverse(_BRADFORD), _product(scales, _BRADFORD)), matrix)


def _xyz_of(chromaticity: tuple[float, float]) -> tuple[float, float, float]:
    x, y = chromaticity
    if y <= 0:
        raise ValueError("a chromaticity without light")
    return x / y, 1.0, (1 - x - y) / y


def _times(matrix: Matrix, vector: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)


def _product(one: Matrix, other: Matrix) -> Matrix:
    return _transposed(tuple(_times(one, column) for column in _transposed(other)))


def _transposed(matrix: Matrix) -> Matrix:
    return tuple(zip(*matrix, strict=True))


def _inverse(matrix: Matrix) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = matrix
    determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    if abs(determinant) < 1e-9:  # noqa: PLR2004
        raise ValueError("primaries on one line")
    rows = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    return tuple(tuple(value / determinant for value in row) for row in rows)


def _file(space: bytes, elements: dict[bytes, bytes]) -> bytes:
    place = _HEADER + 4 + _DIRECTORY_ENTRY * len(elements)
    listed, stored = pack(">I", len(elements)), b""
    places: dict[bytes, int] = {}
    for name, element in elements.items():
        if element not in places:
            places[element] = place + len(stored)
            stored += element + bytes(-len(element) % 4)
        listed += pack(">4sII", name, places[element], len(element))
    date = pack(">6H", 2000, 1, 1, 0, 0, 0)
    header = b"mntr" + space + b"XYZ " + date + b"acsp" + bytes(28) + _numbers(_D50) + bytes(48)
    return pack(">I4s4s", place + len(stored), bytes(4), b"\x02\x10\x00\x00") + header + listed + stored


def _numbers(values: tuple[float, ...]) -> bytes:
    return pack(">3i", *(round(value * 65_536) for value in values))


def _xyz(values: tuple[float, ...]) -> bytes:
    return b"XYZ " + bytes(4) + _numbers(values)


def _text(text: str) -> bytes:
    return b"text" + bytes(4) + text.encode() + b"\x00"


def _description(text: str) -> bytes:
    stored = text.encode() + b"\x00"
    return b"desc" + bytes(4) + pack(">I", len(stored)) + stored + bytes(8 + 2 + 1 + 67)
