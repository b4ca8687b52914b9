"""The small records a codec is made of: modes, save options, lossless coding, hints for seeding, and what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from PIL import Image

    from bytefit.pictures.frames import Frames

# Save options that carry metadata, in any format.
COMMON_METADATA = frozenset({"exif", "icc_profile", "xmp", "comment", "dpi", "extra"})


class Modes(NamedTuple):
    """What becomes of Pillow's modes.

    Attributes:
        opaque: mode of an image without transparency -> the mode it is encoded in, without loss.
        alpha: the mode an image with transparency is encoded in; None where the format has no transparency.
        alpha_of: modes with transparency that are encoded in another mode than `alpha`.
        refused: mode -> why it is refused.
        blurs_alpha: whether an alpha channel in which all is opaque comes out slightly transparent.
    """

    opaque: Mapping[str, str]
    alpha: str | None = None
    alpha_of: Mapping[str, str] = {}
    refused: Mapping[str, str] = {}
    blurs_alpha: bool = False


class SaveOptions(NamedTuple):
    """The save options of the format's writer.

    Attributes:
        steered: options that the search sets and the user may not.
        allowed: options that the user may add.
        metadata: those that carry metadata, which take the same bytes at every rung.
        renamed: options of the format's writer whose names mean something else in bytefit -> their names here.
        efforts: for "fast", "normal" and "best" the options that are added to each setting; none for "normal".
    """

    steered: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()
    metadata: frozenset[str] = COMMON_METADATA
    renamed: Mapping[str, str] = {}
    efforts: Mapping[str, Mapping[str, Any]] = {"fast": {}, "normal": {}, "best": {}}


class NearLossless(NamedTuple):
    """Encodes that lose little, of a format whose ladder is lossy: the setting's `near_lossless` is their quality.

    Attributes:
        ladder: (sample of an image) -> the qualities that look better than lossy encodes of as many bytes, and 100.
        mean_bits: their mean curve, see `Codec.mean_bits`.
        probe_options: see `SeedingHints`, as the next one.
        probe_gain: what a probe says of the size.
        quick: (image, quality) -> a version that is made at once and takes about the bytes of that quality, and the
            save options of a probe of it.
        least_share: the quality takes at least this share of that probe.
    """

    ladder: Callable[[Image.Image], tuple[float, ...]]
    mean_bits: tuple[tuple[float, float], ...]
    probe_options: Mapping[str, Any]
    probe_gain: Callable[[float, Image.Image | Frames, bytes], float]
    quick: Callable[[Image.Image, float], tuple[Image.Image, Mapping[str, Any]]]
    least_share: float


class Lossless(NamedTuple):
    """How the format keeps every pixel.

    Attributes:
        options: save options of a lossless encode; None where the format cannot do that.
        refusal: why there is none, and what to do, where another format is not the only way out.
        hidden_options: save options to add where pixels of full transparency have to keep their colours.
        hidden_colours: whether a pixel of full transparency has a colour in this format.
        probe_options: save options that make a lossless encode cheap, where one is tried before a ladder without a
            lossless rung.
        near: encodes that lose little, where the ladder has none; else None.
        only_modes: modes that the format holds without loss or not at all.
        is_lossless: (bytes of a file of this format) -> whether it kept every pixel.
        versions: (bytes of a file, metadata policy, EXIF block of its orientation, the most bytes worth the effort)
            -> smaller versions of the file with the same pixels.
        coding: save options that `versions` obeys; they are given as its keyword arguments.
    """

    options: Mapping[str, Any] | None = None
    refusal: str = ""
    hidden_options: Mapping[str, Any] = {}
    hidden_colours: bool = True
    probe_options: Mapping[str, Any] | None = None
    near: NearLossless | None = None
    only_modes: frozenset[str] = frozenset()
    is_lossless: Callable[[bytes], bool] = lambda _data: False
    versions: Callable[..., Iterable[bytes]] = lambda *_, **__: ()
    coding: frozenset[str] = frozenset()


class SeedingHints(NamedTuple):
    """What makes the first prediction of a search better. None of it changes what fits.

    Attributes:
        probe_options: save options that make an encode of the same rung a cheap probe.
        probe_pays: (save options of a rung) -> whether `probe_options` make it much cheaper.
        probe_gain: (quality, image, bytes of a probe of all of it) -> ln(bytes) of the rung; None where a model
            reads the probes.
        frames_gain: the same of an animation; None where a few runs of its frames are encoded instead.
        probe_from_pixels: smaller images are searched from the mean curve: a probe would cost more than it saves.
        header: (quality, mode encoded) -> roughly the bytes before the first coded bit; with quality None those of a
            probe.
        rows_apart: whether each row of blocks is coded independently of the one above.
        smooth_within: how far from a rung, in ln(bytes), a sample predicts the shape of the curve.
        key_frames: one frame in this many is coded whole; None where only the first one is.
        by_machine: options of a setting that depend on the encoder of the machine; no model is bound to them.
    """

    probe_options: Mapping[str, Any] = {}
    probe_pays: Callable[[Mapping[str, Any]], bool] = lambda _options: False
    probe_gain: Callable[[float, Image.Image | Frames, bytes], float] | None = None
    frames_gain: Callable[[float, Image.Image | Frames, bytes], float] | None = None
    probe_from_pixels: int = 0
    header: Callable[[float | None, str], int] = lambda _quality, _mode: 100
    rows_apart: bool = False
    smooth_within: float = 0.1
    key_frames: int | None = None
    by_machine: frozenset[str] = frozenset()


class SourceKnowledge(NamedTuple):
    """What is known of a file of the format that is encoded again.

    Attributes:
        quality: (image as it was opened) -> the quality it was encoded with, or None where that is not known.
        options_from_source: (image as it was opened) -> save options that keep how it was stored.
        coding_in_place: (image as it was opened) -> save options that keep its coding, where its file is replaced.
        decoder_rotates: whether decoding applies the orientation, so that width and height may change places.
    """

    quality: Callable[[Image.Image | Frames], float | None] = lambda _image: None
    options_from_source: Callable[[Image.Image | Frames], Mapping[str, Any]] = lambda _image: {}
    coding_in_place: Callable[[Image.Image | Frames], Mapping[str, Any]] = lambda _image: {}
    decoder_rotates: bool = False


class Holds(NamedTuple):
    """What fits into one file.

    Attributes:
        max_side: the largest width or height in pixels.
        frames: whether it holds animations: `encode` then takes a `Frames` too.
        pages: whether it holds pages: likewise.
        orientation: whether viewers turn a picture as its EXIF block says; for other formats the pixels are turned.
    """

    max_side: int = 65_535
    frames: bool = False
    pages: bool = False
    orientation: bool = True
