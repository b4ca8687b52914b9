"""What several modules ask of an answer: budgets within reach, the smallest size, what a file states."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

import bytefit
from bytefit import BudgetUnreachable
from bytefit.codecs import CODECS, LEARNED, codec_for_format
from bytefit.codecs.codec import LOSSLESS
from bytefit.codecs.encoding import NO_METADATA
from bytefit.codecs.preparing import prepare
from bytefit.seeding.picture_kind import for_content
from bytefit.seeding.sampling import sample_of
from bytefit.sources.reading import decode
from images import flat, noise, photograph, screenshot

each_format = pytest.mark.parametrize("wanted", [codec.format for codec in CODECS])


# Those with something to search: TIFF is one file, as small as it gets without loss.
each_ladder = pytest.mark.parametrize("wanted", [codec.format for codec in CODECS if len(codec.ladder) > 1])


# Those that hold a camera's metadata.
each_holder = pytest.mark.parametrize(
    "wanted", [codec.format for codec in CODECS if "exif" in codec.save_options.allowed]
)


# Those that a file of any size is of some quality in.
each_lossy = pytest.mark.parametrize("wanted", ["JPEG", "WEBP", "AVIF", "JPEG2000"])


# Those whose curves a model predicts.
each_learned = pytest.mark.parametrize("wanted", [codec.format for codec in LEARNED])


ORIENTATION, EXIF_IFD, WIDTH, HEIGHT = 0x0112, 0x8769, 0xA002, 0xA003


# The tags that say how pixels are laid out, and the profile's: without them there is no TIFF.
OF_EVERY_TIFF = (set(), {256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317, 339, 34675})


# Palettes, coding and rate control of these are our own: no options of Pillow's make the same file.
OWN_CODING = {"PNG", "GIF", "TIFF", "JPEG2000"}


PICTURES = {
    "photograph": photograph,
    "screenshot": screenshot,
    "noise": lambda: noise((96, 64)),
    "flat": flat,
    "grey": lambda: photograph(mode="L"),
    "tiny": lambda: noise((1, 1)),
    "thin": lambda: noise((3, 150)),
}


# Finding palettes takes time by the number of colours.
OF_PALETTES = ("PNG", "GIF")


def size_for(wanted):
    """Return the dimensions of a picture that is fitted fast; for palettes one of little more than 256 colours."""
    return (21, 14) if wanted in OF_PALETTES else (72, 48)


def codec_of(picture, wanted):
    """Return the codec of a format as it suits `picture`."""
    codec = codec_for_format(wanted)
    return for_content(codec, sample_of(codec, prepare(codec, picture)))


def size_at(picture, wanted, share=0.5):
    """Return the bytes of `picture` at the rung that is `share` up the ladder: a budget within reach."""
    codec = codec_of(picture, wanted)
    rung = round(share * (len(codec.ladder) - 1))
    prepared = prepare(codec, picture)
    return len(codec.encode(prepared, {**codec.setting(codec.ladder[rung], prepared.mode), **NO_METADATA}))


def smallest(picture, wanted, **options):
    """Return the error that says how small `picture` can be made."""
    with pytest.raises(BudgetUnreachable) as caught:
        bytefit.compress(picture, 1, format=wanted, **options)
    return caught.value


def fresh(data):
    """Return the picture in `data` as a user opens it: nothing decoded yet."""
    return Image.open(BytesIO(data))


def stored(data):
    """Return the picture in `data` with the metadata it states: Pillow applies those of TIFF, and reads none of JP2."""
    picture = fresh(data)
    return decode(data, "the answer") if picture.format == "JPEG2000" else picture


def comment_of(picture):
    """Return the comment of an opened picture: PNG has one among its texts."""
    return picture.info.get("comment") or picture.info.get("Comment", "").encode()


def is_lossless(result):
    """Return whether a result is one that keeps every pixel, for which there is no next rung."""
    lossless = codec_for_format(result.format).lossless.options
    return lossless is not None and result.quality == LOSSLESS and lossless.items() <= result.setting.items()


def scaled_budget(picture, wanted, divisor, **options):
    """Return a budget that `picture` reaches only at smaller dimensions; headers are the same at any."""
    error = smallest(picture, wanted, **options)
    fixed = size_at(noise((4, 4), picture.mode), wanted, 0) + error.metadata_bytes
    return fixed + (error.smallest - fixed) // divisor
