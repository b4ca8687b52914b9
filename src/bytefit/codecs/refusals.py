"""Modes that a codec refuses, with the reasons, and modes that become RGB."""

from __future__ import annotations

HIGH_DEPTH = "it has more than 8 bits a channel, which would be cut off; depth=8 scales it to 8"
FLOATS = "its samples are floating-point numbers without a range; scale them to 8 bits a channel first"
LAB_COLOURS = "its Lab colours need a colour-managed conversion; colours='srgb' converts them"
INK_COLOURS = "its CMYK inks need a colour-managed conversion; colours='srgb' converts them"

# Modes that no codec here can hold without losing something in silence.
REFUSED_EVERYWHERE = {
    "I": HIGH_DEPTH,
    "F": FLOATS,
    "I;16": HIGH_DEPTH,
    "I;16L": HIGH_DEPTH,
    "I;16B": HIGH_DEPTH,
    "I;16N": HIGH_DEPTH,
    "LAB": LAB_COLOURS,
}

# Modes that become RGB, with hardly any loss, in every codec without a mode nearer to them.
TO_RGB = dict.fromkeys(("RGB", "P", "RGBX", "YCbCr", "HSV"), "RGB")
