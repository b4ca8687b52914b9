"""Modes that a codec refuses, with the reasons, and modes that become RGB."""

from __future__ import annotations

HIGH_DEPTH = "it has more than 8 bits a channel, which would be cut off; scale it to 8 bits a channel first"
LAB_COLOURS = "its Lab colours need a colour-managed conversion; convert it to RGB with PIL.ImageCms first"
INK_COLOURS = "its CMYK inks need a colour-managed conversion; convert it to RGB with PIL.ImageCms first"

# Modes that no codec here can hold without losing something in silence.
REFUSED_EVERYWHERE = {
    "I": HIGH_DEPTH,
    "F": HIGH_DEPTH,
    "I;16": HIGH_DEPTH,
    "I;16L": HIGH_DEPTH,
    "I;16B": HIGH_DEPTH,
    "I;16N": HIGH_DEPTH,
    "LAB": LAB_COLOURS,
}

# Modes that become RGB, with hardly any loss, in every codec without a mode nearer to them.
TO_RGB = dict.fromkeys(("RGB", "P", "RGBX", "YCbCr", "HSV"), "RGB")
