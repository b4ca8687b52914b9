"""GIF: first lossless, with the fewest pixels that show the same; below that with fewer and fewer colours.

Qualities are those of PNG: 100 is lossless; a palette of n colours has 10 + 10 log2 n, so 90 for 256 and 30 for 4. An
image that GIF cannot hold without loss has no rung above 90.
"""

from __future__ import annotations

from functools import partial
from math import log, log2
from typing import TYPE_CHECKING, Any

from PIL import Image
from PIL.Image import DecompressionBombError

from bytefit.codecs.codec import LOSSLESS, Codec, Variants
from bytefit.codecs.encoding import refusals
from bytefit.codecs.gif.blocks import (
    aspect_of,
    assemble_file,
    comment_block,
    metadata_in,
    other_blocks,
    profile_block,
    xmp_block,
)
from bytefit.codecs.gif.colour_indices import OPAQUE_FROM, exact_indexer, nearest_indexer
from bytefit.codecs.gif.container import CONTAINER
from bytefit.codecs.gif.frame_differences import Box, changed_boxes, render_frames
from bytefit.codecs.gif.lossless import repacked_versions
from bytefit.codecs.palettes.clusters import Clusters
from bytefit.codecs.palettes.quantise import COLOURS, colours_of, quality_of
from bytefit.codecs.parts import Holds, Lossless, Modes, SaveOptions, SeedingHints
from bytefit.codecs.refusals import INK_COLOURS, REFUSED_EVERYWHERE, TO_RGB
from bytefit.errors import UnsupportedImage
from bytefit.formats import named
from bytefit.options import POLICIES
from bytefit.pictures.frames import DECODING_ERRORS, Frames, frames_of
from bytefit.pictures.opening import UNLIMITED, open_image

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# A palette for all frames is made from this many of their pixels.
_SEEN_PIXELS = 1 << 19

# Colours and tolerance of the qualities below a palette's. From four colours to two, usually with transparency added,
# animations fall to a quarter of their bytes and lose 20 to 90 SSIMULACRA2; before that, fewer pixels are stored.
_COARSEST: dict[float, tuple[int, int]] = {0: (2, 128), 5: (2, 32), 10: (4, 128), 15: (4, 96), 20: (4, 64), 25: (4, 32)}
_FEWEST = 4

# What frames gain, in ln bytes, if all ways to store them are tried and not the two quickest: 0 to 0.10, with a
# standard deviation of 0.02 (12 animations at 6 qualities). Those two take 0.39 of the time.
_GAIN = 0.012

# Hundredths of a second.
_TICK = 10


def _setting(quality: float, _mode: str) -> dict[str, Any]:
    if quality == LOSSLESS:
        return {}
    if quality in _COARSEST:
        colours, tolerance = _COARSEST[quality]
        return {"colors": colours, "tolerance": tolerance}
    colours = colours_of(quality)
    return {"colors": colours, "tolerance": _tolerance(colours)}


def _tolerance(colours: int) -> int:
    """Return by how much a pixel may differ from what is seen already and be left as it is.

    At 60 % of the bytes of four animations of `train` (SSIMULACRA2, 6 frames): with none 10 points are lost on one,
    with twice the slope 20 on another; on the other two nothing changes.
    """
    return round(2 + 2 * (8 - log2(colours)))


class _Gathered:
    """The changes and the colours of the last picture, or of all frames: its probes and trials share them."""

    def __init__(self) -> None:
        self._picture: Image.Image | Frames | None = None
        self._changed: list[Box | None] = []
        self._clusters: Clusters | None = None

    def changed(self, picture: Image.Image | Frames) -> list[Box | None]:
        """Return what `changed_boxes` returns."""
        self._begin(picture)
        if not self._changed:
            self._changed = changed_boxes(_pictures_of(picture))
        return self._changed

    def palette(self, picture: Image.Image | Frames, colours: int) -> Image.Image:
        """Return a palette of at most `colours` opaque colours, as a picture in it."""
        self._begin(picture)
        if self._clusters is None:
            self._clusters = Clusters(_strip(_pictures_of(picture)))
        return self._clusters.palette(colours)

    def _begin(self, picture: Image.Image | Frames) -> None:
        if picture is not self._picture:
            self._picture, self._changed, self._clusters = picture, [], None


def _pictures_of(picture: Image.Image | Frames) -> Sequence[Image.Image]:
    return picture.pictures if isinstance(picture, Frames) else (picture,)


@refusals("GIF")
def _encode(gathered: _Gathered, picture: Image.Image | Frames, options: Mapping[str, Any]) -> bytes:
    """Encode a picture, or frames, with `colors` for all of them, or each as it is.

    Raises:
        PixelsNotKept: if without `colors` a frame has more than 256 colours or partial transparency.
    """
    frames = picture if isinstance(picture, Frames) else Frames((picture,), (0,), loop=1)
    if (colours := options.get("colors")) is None:
        indexer = exact_indexer(frames.pictures)
    else:
        # One entry marks pixels that stay as they are; at least two more are colours.
        clear = len(frames.pictures) > 1 or frames.has_transparency_data
        spare = max(2, colours - clear)
        indexer = nearest_indexer(gathered.palette(picture, spare), spare, options.get("tolerance", 0), clear=clear)
    blocks = _metadata_blocks(options)
    loop = 1 if frames.loop is None else frames.loop
    repeats = None if loop == 1 else loop and loop - 1
    return assemble_file(
        frames.size,
        indexer.palette,
        render_frames(
            frames.pictures,
            _delays(frames.durations),
            indexer,
            changed=gathered.changed(picture),
            has_transparency=frames.has_transparency_data,
            quick=bool(options.get("quick")),
        ),
        repeats=repeats,
        blocks=blocks,
        density=options.get("density"),
    )


def _metadata_blocks(options: Mapping[str, Any]) -> bytes:
    """Return the blocks for the save options that carry metadata."""
    blocks = bytes(options.get("extra") or b"")
    if comment := options.get("comment"):
        blocks += comment_block(comment.encode() if isinstance(comment, str) else bytes(comment))
    if profile := options.get("icc_profile"):
        blocks += profile_block(profile)
    if packet := options.get("xmp"):
        blocks += xmp_block(packet.encode() if isinstance(packet, str) else packet)
    return blocks


def _delays(durations: Sequence[float]) -> list[int]:
    """Return times in hundredths of a second; the rounding error of one frame is carried to the next."""
    delays, exact, sum_of_delays = [], 0.0, 0
    for duration in durations:
        exact += duration / _TICK
        delays.append(max(0, min(65_535, round(exact) - sum_of_delays)))
        sum_of_delays += delays[-1]
    return delays


def _strip(pictures: Sequence[Image.Image]) -> Image.Image:
    """Return some opaque pixels of all pictures, in a row."""
    pixels = sum(picture.width * picture.height for picture in pictures)
    step = max(1, round((pixels / _SEEN_PIXELS) ** 0.5))
    row = b"".join(_opaque_pixels(picture, step) for picture in pictures)
    return Image.frombytes("RGB", (len(row) // 3, 1), row) if row else Image.new("RGB", (1, 1))


def _opaque_pixels(picture: Image.Image, step: int) -> bytes:
    """Return the colours of every `step`-th visible pixel in both directions."""
    size = max(1, picture.width // step), max(1, picture.height // step)
    part = picture.resize(size, Image.Resampling.NEAREST).convert("RGBA")
    return b"".join(
        bytes(colour[:3]) * count
        for count, colour in part.getcolors(size[0] * size[1]) or ()
        if isinstance(colour, tuple) and colour[3] >= OPAQUE_FROM
    )


def _lossless_versions(data: bytes, policy: str, orientation: bytes, *, most: int | None = None) -> Iterator[bytes]:
    """Yield versions of a GIF file that show exactly its frames; see `Lossless.versions`.

    First with the frames as they are stored, because programs that search many ways to store them are not always
    beaten by ours; then with the frames computed again.

    Raises:
        UnsupportedImage: if the file cannot be decoded.
    """
    del orientation
    smallest = len(data)
    if policy not in POLICIES:
        return
    for version in repacked_versions(data, policy):
        smallest = len(version)
        yield version
    if most is not None and smallest > most:
        return
    again = _drawn_anew(data, policy)
    if again is not None and len(again) < smallest:
        yield again


def _drawn_anew(data: bytes, policy: str) -> bytes | None:
    """Return a GIF with the same frames, computed again from the decoded ones; None where that is not lossless.

    The frames are decoded one by one while the file is open.
    """
    extra = other_blocks(data) if policy == "keep" else b""
    if policy == "orientation+icc" and (profile := metadata_in(other_blocks(data)).get("icc_profile")):
        extra = profile_block(profile)
    try:
        with open_image(data, UNLIMITED) as image:
            return _encode(_Gathered(), frames_of(image), {"extra": extra, "density": aspect_of(data)})
    except UnsupportedImage:
        return None
    except (*DECODING_ERRORS, DecompressionBombError) as error:
        raise UnsupportedImage(f"cannot decode this GIF: {error or type(error).__name__}") from error


GIF = Codec(
    format="GIF",
    suffixes=named("GIF").suffixes,
    ladder=(*_COARSEST, *(quality_of(colours) for colours in COLOURS if colours >= _FEWEST), LOSSLESS),
    setting=_setting,
    encode=partial(_encode, _Gathered()),
    # Of animations, for each frame: geometric means of six of `train`.
    mean_bits=(
        (0, 0.0171),
        (20, 0.0199),
        (30, 0.029),
        (40, 0.046),
        (50, 0.0647),
        (60, 0.0817),
        (70, 0.104),
        (80, 0.12),
        (90, 0.149),
        (100, 0.161),
    ),
    modes=Modes(
        opaque={**TO_RGB, "L": "RGB", "1": "RGB"},
        alpha="RGBA",
        refused={**REFUSED_EVERYWHERE, "CMYK": INK_COLOURS},
    ),
    save_options=SaveOptions(
        steered=frozenset({"colors", "tolerance", "optimize", "interlace", "disposal", "transparency"}),
        allowed=frozenset({"comment", "extra", "icc_profile", "xmp"}),
    ),
    lossless=Lossless(
        options={},
        hidden_colours=False,
        versions=_lossless_versions,
    ),
    hints=SeedingHints(
        probe_options={"quick": True},
        frames_gain=lambda _quality, _frames, data: log(len(data)) - _GAIN,
        header=lambda quality, _mode: (
            40 + (768 if quality in {None, LOSSLESS} else 3 * max(2, colours_of(quality or 0)))
        ),
    ),
    holds=Holds(max_side=65_535, frames=True),
    container=CONTAINER,
    variants=Variants(per_picture=lambda codec: codec._replace(encode=partial(_encode, _Gathered()))),
)
