"""Pictures with samples of 16 bits: their dimensions scaled, for which Pillow's `resize` needs help, or their depth."""

from __future__ import annotations

import sys

from PIL import Image, ImageChops

from bytefit.errors import UnsupportedImage

_HIGHEST = 2**16 - 1

# Where the low byte of a sample exceeds the high one by more than this, the sample is rounded up: a sample is 257 times
# its high byte, plus the low one, minus the high one.
_HALF = 128


def resized(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return a picture of 16 bits scaled to `size` pixels, in its mode.

    Pillow cannot reduce 16 bits in two steps: `reducing_gap` fails with "image has wrong mode". It also resamples I;16B
    as if its bytes were swapped, which leaves noise (Pillow 11.3 and 13).
    """
    if picture.mode != "I;16B":
        return picture.resize(size, Image.Resampling.LANCZOS)
    swapped = Image.frombytes("I;16", picture.size, picture.tobytes(), "raw", "I;16B")
    data = swapped.resize(size, Image.Resampling.LANCZOS).tobytes("raw", "I;16B")
    return Image.frombytes("I;16B", size, data)


def scaled_to_8_bits(high: Image.Image, low: Image.Image) -> Image.Image:
    """Return a picture of 8 bits a channel whose samples are those of 16 bits divided by 257 and rounded.

    Args:
        high: the high bytes of the samples, as a picture of 8 bits.
        low: the low bytes, in the same mode.
    """
    over = [int(difference > _HALF) for difference in range(256)] * len(high.getbands())
    up = ImageChops.subtract(low, high).point(over)
    down = ImageChops.subtract(high, low).point(over)
    return ImageChops.subtract(ImageChops.add(high, up), down)


def grey_in_8_bits(picture: Image.Image) -> Image.Image:
    """Return a picture of mode I;16, I;16L, I;16B, I;16N or I in L; in LA where a colour of its `info` is transparent.

    Raises:
        UnsupportedImage: if it is of mode I and has values that are none of 16 bits.
    """
    if picture.mode == "I":
        least, most = picture.getextrema()
        if not 0 <= least <= most <= _HIGHEST:  # type: ignore[operator]
            raise UnsupportedImage(
                f"depth=8 scales 16 bits, and this picture has values from {least} to {most}: "
                f"bring them into 0 to {_HIGHEST} first"
            )
        key = picture.info.get("transparency")
        picture = picture.convert("I;16")
    else:
        key = picture.info.get("transparency")
    # Pillow calls the raw modes by the byte that it takes of each sample.
    first, second = (_byte(picture, raw) for raw in ("L;16B", "L;16"))
    high, low = (first, second) if picture.mode == "I;16B" or _is_big_endian(picture) else (second, first)
    scaled = scaled_to_8_bits(high, low)
    if isinstance(key, int):
        scaled.putalpha(alpha_without(high, low, (key,)))
    return scaled


def alpha_without(high: Image.Image, low: Image.Image, key: tuple[int, ...]) -> Image.Image:
    """Return an alpha channel in which the pixels of one colour are transparent and all others opaque.

    Args:
        high: the high bytes of the samples.
        low: the low bytes, in the same mode.
        key: the colour that is transparent, a number of 16 bits for each channel.
    """
    differs = Image.new("L", high.size)
    for band, sample in enumerate(key):
        for half, value in ((high, sample >> 8), (low, sample & 0xFF)):
            other = half.getchannel(band).point([255 * (level != value) for level in range(256)])
            differs = ImageChops.lighter(differs, other)
    return differs


def _byte(picture: Image.Image, raw: str) -> Image.Image:
    return Image.frombytes("L", picture.size, picture.tobytes(), "raw", raw)


def _is_big_endian(picture: Image.Image) -> bool:
    return picture.mode == "I;16N" and sys.byteorder == "big"
