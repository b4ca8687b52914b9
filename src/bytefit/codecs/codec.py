"""What a codec is to the rest of bytefit: one record of data and three functions, the same for every format."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, overload

from bytefit.errors import ConfigError, OptionError, UnsupportedImage
from bytefit.messages import nearest
from bytefit.options import OWN_OPTIONS
from bytefit.pictures.frames import Frames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from PIL import Image


# The quality at the top of a ladder whose last rung keeps every pixel as it is.
LOSSLESS = 100

# What a picture holds, as far as it decides how it is best coded: smooth shades, or lines, letters and flat fields.
PHOTOGRAPH, DRAWING = "photograph", "drawing"


@dataclass(frozen=True, slots=True, eq=False)
class Codec:
    """A format bytefit can steer.

    Attributes:
        format: Pillow's name of the format.
        suffixes: file suffixes in lower case, the usual one first.
        ladder: the quality of every rung, from the smallest file to the largest, each a distinct setting.
        setting: (quality, mode encoded) -> the save options that make the rung.
        encode: (picture, save options) -> the bytes of the file.
        opaque_modes: mode of a picture without transparency -> the mode it is encoded in, without loss.
        alpha_mode: the mode a picture with transparency is encoded in, or None if there is none.
        alpha_modes: modes for which it is another one.
        refused: mode -> why it is refused.
        max_side: the largest width or height in pixels.
        steered: save options that the search sets and the user may not.
        options: save options the user may add.
        mean_bits: the mean curve as (quality, bits per pixel) knots over the whole ladder: geometric means over
            the training photographs, what is known of a picture before anything is measured.
        probe_options: what makes an encode of the same rung a cheap probe: a lower effort of the same encoder.
        probe_pays: (save options of a rung) -> whether those make it much cheaper.
        header: (quality, mode encoded) -> what a file weighs before the first coded bit, about; for a quality of None
            at the low effort of a probe.
        rows_apart: whether each row of blocks is coded without regard to the one above.
        smooth_within: how far from a rung, in ln bytes, the shape of the curve is known as well as a mosaic tells it.
        efforts: for "fast", "normal" and "best" the options that are added to each setting; none for "normal".
        tiny: pictures of fewer pixels are searched from the mean curve: reading them costs more than it saves.
        source_quality: (picture as it was opened) -> the quality it was encoded with, or None where that is not known.
        lossless_versions: (bytes of a file, metadata policy, EXIF block of its orientation, the most bytes worth the
            effort) -> smaller versions of it with the very same pixels.
        probe_gain: (quality, picture, bytes of a probe of all of it) -> ln(bytes) of the rung; None where a model
            reads the probes.
        lossless: save options that keep every pixel as it is, where the format can; None where it cannot.
        lossless_probe: save options that make a lossless encode cheap, where such a one is to be tried before a ladder
            that has no rung for it.
        was_lossless: (bytes of a file of this format) -> whether it kept every pixel: such a source is tried so first.
        lossless_only: modes of which nothing below `LOSSLESS` can be had.
        on_request: (the user's save options) -> another codec of the format that those ask for, or None.
        as_source: (source, of this format) -> save options that keep how it was stored.
        turns: whether its decoder turns the picture by its orientation, so that width and height may change places.
        frames: whether it holds animations: `encode` then takes a `Frames` too.
        key_frames: one frame in so many is coded whole; None where only the first one is.
        pages: whether it holds pages: likewise.
        tailored: (codec) -> the codec for the encodes of one picture, of which it may remember what it found.
        content: what its settings suit, "photograph" or "drawing".
        for_drawings: the same codec with the settings that suit drawings, where those are others.
    """

    format: str
    suffixes: tuple[str, ...]
    ladder: tuple[float, ...]
    setting: Callable[[float, str], dict[str, Any]]
    encode: Callable[[Any, Mapping[str, Any]], bytes]
    opaque_modes: Mapping[str, str]
    alpha_mode: str | None
    refused: Mapping[str, str]
    max_side: int
    steered: frozenset[str]
    options: frozenset[str]
    mean_bits: tuple[tuple[float, float], ...]
    probe_options: Mapping[str, Any] = field(default_factory=dict)
    probe_pays: Callable[[Mapping[str, Any]], bool] = lambda _options: False
    header: Callable[[float | None, str], int] = lambda _quality, _mode: 100
    rows_apart: bool = False
    smooth_within: float = 0.1
    efforts: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {"fast": {}, "normal": {}, "best": {}})
    tiny: int = 0
    source_quality: Callable[[Image.Image | Frames], float | None] = lambda _picture: None
    lossless_versions: Callable[..., Iterable[bytes]] = lambda *_, **__: ()
    probe_gain: Callable[[float, Image.Image | Frames, bytes], float] | None = None
    lossless: Mapping[str, Any] | None = None
    lossless_probe: Mapping[str, Any] | None = None
    was_lossless: Callable[[bytes], bool] = lambda _data: False
    lossless_only: frozenset[str] = frozenset()
    alpha_modes: Mapping[str, str] = field(default_factory=dict)
    on_request: Callable[[Mapping[str, Any]], Codec | None] = lambda _options: None
    as_source: Callable[[Image.Image | Frames], Mapping[str, Any]] = lambda _source: {}
    turns: bool = False
    frames: bool = False
    key_frames: int | None = None
    pages: bool = False
    tailored: Callable[[Codec], Codec] = lambda codec: codec
    content: str = PHOTOGRAPH
    for_drawings: Codec | None = None

    @property
    def ladder_keeps_pixels(self) -> bool:
        """Whether the last rung of the ladder is lossless."""
        return self.lossless is not None and self.setting(self.ladder[-1], "RGB").items() >= self.lossless.items()

    def suited(self, content: str) -> Codec:
        """Return the codec for pictures of that content, which differs in its settings only."""
        return self.for_drawings if content == DRAWING and self.for_drawings is not None else self

    def floor_rung(self, min_quality: float | None) -> int:
        """Return the lowest rung whose quality is at least `min_quality`.

        Raises:
            ConfigError: if it is not a number on this codec's scale.
        """
        if min_quality is None:
            return 0
        highest = self.ladder[-1]
        if isinstance(min_quality, bool) or not isinstance(min_quality, int | float) or not 0 <= min_quality <= highest:
            raise ConfigError(
                f"min_quality {min_quality!r} is not on the scale of {self.format}: give a number from 0 to {highest:g}"
            )
        return next(rung for rung, quality in enumerate(self.ladder) if quality >= min_quality)

    def highest_rung(self, most: float) -> int:
        """Return the highest rung whose quality is at most `most`; the lowest there is where none is."""
        return max((rung for rung, quality in enumerate(self.ladder) if quality <= most), default=0)

    def check_options(self, names: Iterable[str]) -> None:
        """Refuse save options that nobody knows or that the search itself sets.

        Raises:
            OptionError: naming the option, and the nearest known one.
        """
        for name in names:
            if name in self.steered:
                raise OptionError(f"{name!r} conflicts with a target size, which sets it: leave one of the two out")
            if name not in self.options:
                known = self.options | OWN_OPTIONS
                raise OptionError(f"unknown option {name!r} for {self.format}{nearest(name, known)}")

    def largest_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the dimensions of that shape that the format can hold, in pixels."""
        share = min(1.0, self.max_side / max(size))
        return max(1, int(size[0] * share)), max(1, int(size[1] * share))

    def lowest_rung(self, mode: str) -> int:
        """Return the lowest rung there is for a picture in the mode it is encoded in."""
        return len(self.ladder) - 1 if mode in self.lossless_only else 0

    def without_loss(self) -> Codec:
        """Return the codec with nothing on its ladder but what keeps every pixel as it is.

        Raises:
            ConfigError: if the format has no such coding.
        """
        if self.lossless is None:
            raise ConfigError(f"{self.format} has no lossless coding: take PNG or WEBP, or leave lossless out")
        options = self.lossless
        return replace(
            self, ladder=(LOSSLESS,), setting=lambda _quality, _mode: dict(options), mean_bits=((0, 8), (LOSSLESS, 8))
        )

    @overload
    def prepare(self, image: Image.Image, *, any_size: bool = False) -> Image.Image: ...
    @overload
    def prepare(self, image: Frames, *, any_size: bool = False) -> Frames: ...
    @overload
    def prepare(self, image: Image.Image | Frames, *, any_size: bool = False) -> Image.Image | Frames: ...
    def prepare(self, image: Image.Image | Frames, *, any_size: bool = False) -> Image.Image | Frames:
        """Return `image` in the mode it is encoded in, itself where nothing has to change.

        Args:
            image: the picture, or the frames.
            any_size: accept dimensions that the format cannot hold; it will be scaled down.

        Raises:
            UnsupportedImage: with the reason and the way out.
        """
        if isinstance(image, Frames):
            return self._prepared_frames(image, any_size=any_size)
        return self._prepared(image, transparent=image.has_transparency_data, any_size=any_size)

    def _prepared_frames(self, frames: Frames, *, any_size: bool) -> Frames:
        count, kind = len(frames.pictures), "frames" if frames.animated else "pages"
        if not (self.frames if frames.animated else self.pages):
            raise UnsupportedImage(
                f"it holds {count} {kind}, and {self.format} holds one picture: all but one would be lost; "
                f"take {'WEBP, AVIF, PNG or GIF' if frames.animated else 'TIFF'}, or a single picture (image.copy())"
            )
        transparent = frames.has_transparency_data
        alike = frames.animated
        return frames.each(
            lambda picture: self._prepared(
                picture, transparent=transparent if alike else picture.has_transparency_data, any_size=any_size
            )
        )

    def _prepared(self, image: Image.Image, *, transparent: bool, any_size: bool) -> Image.Image:
        if max(image.size) > self.max_side and not any_size:
            raise UnsupportedImage(
                f"{self.format} cannot hold {image.width}x{image.height} pixels: "
                f"{self.max_side} a side is its limit; scale the picture down or take another format"
            )
        if min(image.size) < 1:
            raise UnsupportedImage(f"a picture of {image.width}x{image.height} pixels cannot be encoded")
        if image.mode in self.refused:
            raise UnsupportedImage(f"cannot write mode {image.mode} as {self.format}: {self.refused[image.mode]}")
        mode = self.mode_for(image.mode, transparent=transparent)
        if image.mode == mode:
            return image
        try:
            # Pillow takes premultiplied grey apart by way of plain grey only.
            return (image.convert("LA") if image.mode == "La" else image).convert(mode)
        except (ValueError, TypeError) as error:
            raise UnsupportedImage(f"cannot convert mode {image.mode} to {mode} for {self.format}: {error}") from error

    def mode_for(self, mode: str, *, transparent: bool) -> str:
        """Return the mode a picture is encoded in.

        Raises:
            UnsupportedImage: if there is none that holds it.
        """
        if transparent and self.alpha_mode is None:
            raise UnsupportedImage(
                f"{self.format} cannot hold transparency (mode {mode}): take WEBP or AVIF, or flatten the "
                f"picture onto a background of your choice first"
            )
        encoded = self.alpha_modes.get(mode, self.alpha_mode) if transparent else self.opaque_modes.get(mode)
        if encoded is None:
            raise UnsupportedImage(
                f"cannot write mode {mode} as {self.format}: convert it to one of {', '.join(self.opaque_modes)} first"
            )
        return encoded


def with_options(codec: Codec, effort: str, options: Mapping[str, Any]) -> Codec:
    """Return the codec with the options of an effort, and then the user's own, added to each of its settings."""
    added, setting = {**codec.efforts[effort], **options}, codec.setting
    if not added:
        return codec
    return replace(codec, setting=lambda quality, mode: {**setting(quality, mode), **added})
