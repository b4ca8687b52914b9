"""What a codec is to the rest of bytefit: one record for each format, made of a few small ones.

A codec for a format of your own needs the fields without a default, and works; the others make it faster or better.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from bytefit.codecs.container import UNKNOWN_CONTAINER, Container
from bytefit.codecs.parts import Holds, Lossless, Modes, SaveOptions, SeedingHints, SourceKnowledge
from bytefit.errors import ConfigError, OptionError
from bytefit.messages import nearest, shown
from bytefit.options import OWN_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# The quality at the top of a ladder whose last rung keeps every pixel as it is.
LOSSLESS = 100

# What an image shows, as far as it decides how it is best coded: smooth shades, or lines, letters and flat fields.
PHOTOGRAPH, GRAPHIC = "photograph", "graphic"


class Careful(NamedTuple):
    """Trials of one picture that take much more care than the codec's own, whose answer is compared with theirs.

    Attributes:
        codec: the same ladder with other settings or another `encode`.
        score: (bytes of a file) -> how good it looks; what scores higher at the same budget is the answer.
        size_ratio: quality -> the mean bytes of a rung over those of the codec's own.
    """

    codec: Codec
    score: Callable[[bytes], float]
    size_ratio: Callable[[float], float]


class Variants(NamedTuple):
    """Other codecs of the same format.

    Attributes:
        content: what the settings of this one suit, `PHOTOGRAPH` or `GRAPHIC`.
        for_graphics: the codec whose settings suit graphics, where those are others.
        per_picture: (codec) -> the codec for the encodes of one image, which may remember what it found out.
        careful: (codec, picture) -> trials of that picture that take more care than the codec's own, or None.
        on_request: (the user's save options) -> the codec that those ask for, or None.
    """

    content: str = PHOTOGRAPH
    for_graphics: Codec | None = None
    per_picture: Callable[[Codec], Codec] = lambda codec: codec
    careful: Callable[[Codec, Any], Careful | None] = lambda _codec, _picture: None
    on_request: Callable[[Mapping[str, Any]], Codec | None] = lambda _options: None


class Codec(NamedTuple):
    """A format that bytefit can fit to a size.

    Attributes:
        format: Pillow's name of the format.
        suffixes: file suffixes in lower case, the usual one first.
        ladder: the quality of every rung, from the smallest file to the largest, each a distinct setting.
        setting: (quality, mode encoded) -> the save options that make the rung.
        encode: (image, save options) -> the bytes of the file.
        mean_bits: the mean curve as (quality, bits per pixel) knots over the whole ladder: where a search starts
            before anything is measured.
        modes: what becomes of Pillow's modes.
        save_options: which save options there are.
        lossless: how every pixel is kept.
        hints: what makes the first prediction of a search better.
        source: what is known of a file of the format that is encoded again.
        holds: what fits into one file.
        container: what a file carries, loses and can be padded with.
        variants: other codecs of the format.
    """

    format: str
    suffixes: tuple[str, ...]
    ladder: tuple[float, ...]
    setting: Callable[[float, str], dict[str, Any]]
    encode: Callable[[Any, Mapping[str, Any]], bytes]
    mean_bits: tuple[tuple[float, float], ...]
    modes: Modes
    save_options: SaveOptions = SaveOptions()
    lossless: Lossless = Lossless()
    hints: SeedingHints = SeedingHints()
    source: SourceKnowledge = SourceKnowledge()
    holds: Holds = Holds()
    container: Container = UNKNOWN_CONTAINER
    variants: Variants = Variants()

    # Two codecs are equal only if they are the same object: functions cannot be compared by what they do.
    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    @property
    def ladder_keeps_pixels(self) -> bool:
        """Whether the last rung of the ladder is lossless."""
        lossless = self.lossless.options
        return lossless is not None and self.setting(self.ladder[-1], "RGB").items() >= lossless.items()

    def for_content(self, content: str) -> Codec:
        """Return the codec for images of that content, which differs in its settings only."""
        for_graphics = self.variants.for_graphics
        return for_graphics if content == GRAPHIC and for_graphics is not None else self

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

    def highest_rung(self, max_quality: float) -> int:
        """Return the highest rung whose quality is at most `max_quality`; the lowest one where none is."""
        return max((rung for rung, quality in enumerate(self.ladder) if quality <= max_quality), default=0)

    def lowest_rung(self, mode: str) -> int:
        """Return the lowest rung for an image in the mode it is encoded in."""
        return len(self.ladder) - 1 if mode in self.lossless.only_modes else 0

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Refuse save options that nobody knows or that the search itself sets, and values of a wrong type.

        Raises:
            OptionError: naming the option, and the nearest known one, or what its value has to be.
        """
        if not options:
            return
        from bytefit.options.save_options import SAVE_OPTIONS

        for name, value in options.items():
            if name in self.save_options.steered:
                raise OptionError(
                    f"cannot set {name!r} with a target size, which chooses it; use min_quality for a lower bound"
                )
            if name not in self.save_options.allowed:
                known = self.save_options.allowed | OWN_OPTIONS
                raise OptionError(f"unknown option {name!r} for {self.format}{nearest(name, known)}")
            typed = SAVE_OPTIONS.get(name)
            if typed is not None and value is not None and not typed.accepts(value):
                raise OptionError(f"{name} {shown(value)}{typed.refusal()}")

    def largest_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the largest dimensions with the shape of `size` that the format can hold, in pixels."""
        share = min(1.0, self.holds.max_side / max(size))
        return max(1, int(size[0] * share)), max(1, int(size[1] * share))

    def keeps_pixels(self, quality: float, setting: Mapping[str, Any]) -> bool:
        """Return whether an encode of this quality and setting is one that keeps every pixel."""
        lossless = self.lossless.options
        if lossless is None or quality != LOSSLESS:
            return False
        return self.ladder_keeps_pixels or setting.items() >= lossless.items()

    def without_loss(self, *, hidden_colours: bool = True) -> Codec:
        """Return the codec with nothing on its ladder but the setting that keeps every pixel as it is.

        Args:
            hidden_colours: whether the colours of fully transparent pixels are kept as well.

        Raises:
            ConfigError: if the format has no such coding.
        """
        if self.lossless.options is None:
            usual = f"{self.format} has no lossless coding: take PNG or WEBP, or leave lossless out"
            raise ConfigError(self.lossless.refusal or usual)
        options = {**self.lossless.options, **(self.lossless.hidden_options if hidden_colours else {})}
        return self._replace(
            ladder=(LOSSLESS,), setting=lambda _quality, _mode: dict(options), mean_bits=((0, 8), (LOSSLESS, 8))
        )

    def nearly_lossless(self, sample: Any) -> Codec | None:
        """Return the codec with a ladder of settings that lose little, the lossless one last; None without any."""
        near, options = self.lossless.near, self.lossless.options
        if near is None or options is None:
            return None
        return self._replace(
            ladder=near.ladder(sample),
            setting=lambda quality, _mode: {**options, **({"near_lossless": quality} if quality < LOSSLESS else {})},
            mean_bits=near.mean_bits,
            hints=self.hints._replace(probe_options=near.probe_options, probe_gain=near.probe_gain),
        )


def with_options(codec: Codec, effort: str, options: Mapping[str, Any]) -> Codec:
    """Return the codec with the options of an effort, and then the user's own, added to each of its settings."""
    added, setting = {**codec.save_options.efforts[effort], **options}, codec.setting
    if not added:
        return codec
    return codec._replace(setting=lambda quality, mode: {**setting(quality, mode), **added})
