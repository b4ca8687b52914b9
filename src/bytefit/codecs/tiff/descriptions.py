"""What the tags of a TIFF page say about its resolution and its colours (TIFF 6.0, sections 8 and 20)."""

from __future__ import annotations

from struct import pack
from typing import TYPE_CHECKING, Any

from bytefit.codecs.colour_profiles import SRGB, Primaries, gamma_curve, is_srgb, profile
from bytefit.codecs.descriptions import CENTIMETRE, INCH, NO_UNIT, Density, density_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_X_RESOLUTION, _Y_RESOLUTION, _UNIT = 282, 283, 296
_TRANSFER, _WHITE, _PRIMARIES, _PROFILE = 301, 318, 319, 34675
_USUAL_GAMMA = 2.2
_CURVE_POINTS = 256


def density_in(tags: Mapping[int, Any]) -> Density | None:
    """Return the resolution that the tags of a page state."""
    unit = {1: NO_UNIT, 3: CENTIMETRE}.get(tags.get(_UNIT, 2), INCH)
    return density_of(tags.get(_X_RESOLUTION), tags.get(_Y_RESOLUTION), unit)


def profile_in(tags: Mapping[int, Any], *, grey: bool) -> dict[str, bytes]:
    """Return a profile for the transfer function and the primaries of a page, under Pillow's `info` key.

    None where the page has a profile, which overrides them, or where they are sRGB's.
    """
    table, numbers = tags.get(_TRANSFER, ()), [float(one) for one in (*tags.get(_WHITE, ()), *tags.get(_PRIMARIES, ()))]
    primaries = Primaries(*zip(numbers[::2], numbers[1::2], strict=True)) if len(numbers) == 2 * len(SRGB) else SRGB
    has_table = len(table) in {_CURVE_POINTS, 3 * _CURVE_POINTS}
    if _PROFILE in tags or (not has_table and (grey or is_srgb(primaries))):
        return {}
    # One table for every channel; where there are three, they hardly ever differ.
    points = table[:_CURVE_POINTS]
    curve = (
        b"curv" + pack(f">II{_CURVE_POINTS}H", 0, _CURVE_POINTS, *points) if has_table else gamma_curve(_USUAL_GAMMA)
    )
    try:
        return {"icc_profile": profile(curve, primaries, grey=grey)}
    except ValueError:  # primaries that no image can have
        return {"icc_profile": profile(curve, grey=grey)} if has_table else {}
