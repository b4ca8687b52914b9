"""The one road of every picture: open, prepare, seed, search, result. Everything else in bytefit calls this.

It checks what was asked for and decides in which order things are tried. It writes no files.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

from bytefit import metadata as metadata_
from bytefit.bytesize import parse_size
from bytefit.codecs import Codec, Trial, codec_for_format
from bytefit.encodes import Encodes, Order
from bytefit.errors import ConfigError
from bytefit.opening import decoded, read_image
from bytefit.options import check_bounds, check_options
from bytefit.padding import least_padding, pad

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image


@dataclass(frozen=True, slots=True)
class Result:
    """A picture that was fitted to a budget.

    Attributes:
        data: the bytes of the file, really encoded with `setting`.
        budget: the most bytes it was allowed to have.
        format: Pillow's name of the format.
        quality: the quality of `setting` on the codec's own scale.
        setting: the Pillow save options of the encode, metadata left out.
        width, height: the dimensions of the encoded picture, in pixels.
        scale: its longer side over that of the source; 1.0 unless `resize` made it smaller.
        score: its SSIMULACRA2 score at the dimensions of the source, where a `min_score` asked for it; else None.
        proven: whether the next rung was measured to be over the budget, or there is none.
        trials: the full encodes, in order.
        probes: the cheap measurements that seeded the search, in order.
        seconds: the time of all of it, decoding the source left out.
    """

    data: bytes = field(repr=False)
    budget: int
    format: str
    quality: float
    setting: Mapping[str, Any] = field(repr=False)
    width: int
    height: int
    scale: float
    score: float | None
    proven: bool
    trials: tuple[Trial, ...] = field(repr=False)
    probes: tuple[Trial, ...] = field(repr=False)
    seconds: float

    @property
    def size(self) -> int:
        """The bytes of `data`."""
        return len(self.data)

    @property
    def fill(self) -> float:
        """Bytes over budget, at most 1 where the answer fits."""
        return self.size / self.budget

    @property
    def fits(self) -> bool:
        """Whether `data` is at most the budget: False only with `on_unreachable="smallest"`."""
        return self.size <= self.budget


def compress(
    image: Image.Image | str | os.PathLike[str],
    target: str | int,
    *,
    format: str | None = None,  # noqa: A002  (Pillow's word)
    slack: float = 0.05,
    min_quality: float | None = None,
    min_score: float | None = None,
    resize: bool = False,
    min_width: int | None = None,
    max_width: int | None = None,
    max_height: int | None = None,
    effort: str = "normal",
    exact: bool = False,
    on_unreachable: str = "error",
    metadata: str = "keep",
    **save_options: Any,
) -> Result:
    """Encode `image` so that the file has at most `target` bytes and looks as good as those bytes allow.

    Args:
        image: a picture, or the path of one.
        target: the most bytes the file may have: an int, or text like "200KB" or "1.5MiB".
        format: Pillow's name of the format; None means the picture's own.
        slack: the share of the budget that may stay unused, 0 to less than 1. 0 proves the best rung: it fits and
            the next one up does not.
        min_quality: the least quality accepted, on the codec's own scale.
        min_score: the least visible quality accepted, as SSIMULACRA2 (90 hard to tell apart, 70 good, 50 middling);
            needs the `metrics` extra.
        resize: lower the dimensions where that looks better at the bytes there are, or is needed.
        min_width: the least width `resize` may come down to, in pixels.
        max_width: the most width the answer may have, in pixels, with `resize`; a picture is never made larger.
        max_height: the most height, likewise.
        effort: "fast", "normal" or "best": how much time the encoder may take for more quality at the same bytes.
        exact: pad the file inside its container to exactly `target` bytes.
        on_unreachable: "error", or "smallest" to get the smallest encoding, whose `fits` is then False.
        metadata: "keep", "orientation+icc" or "strip"; what is kept counts into the budget.
        save_options: further options of Pillow's writer, used in every encode.

    Raises:
        SizeSyntaxError: if the target cannot be read.
        UnsupportedImage: if the picture cannot be read, or not be written in the format without losing something.
        BudgetUnreachable: if no encoding within the floors is small enough.
        ConfigError: if an option makes no sense, is unknown or in conflict with the target.
    """
    return _compressed(
        image,
        target,
        again=False,
        format=format,
        slack=slack,
        min_quality=min_quality,
        min_score=min_score,
        resize=resize,
        min_width=min_width,
        max_width=max_width,
        max_height=max_height,
        effort=effort,
        exact=exact,
        on_unreachable=on_unreachable,
        metadata=metadata,
        **save_options,
    )


def compress_again(path: str | os.PathLike[str], target: str | int, **options: Any) -> Result:
    """Encode the picture in a file anew, in its own format, at no higher quality than it was encoded with before.

    A source that was compressed has nothing left that a higher quality could show. What its quality was is known of
    JPEG only, from its quantisation tables; a `min_quality` above it counts as that quality.

    Args:
        path: the image file.
        target: see `compress`.
        options: those of `compress`, `format` left out.

    Raises:
        BytefitError: see `compress`.
    """
    return _compressed(path, target, again=True, **options)


def _compressed(
    image: Image.Image | str | os.PathLike[str],
    target: str | int,
    *,
    again: bool,
    format: str | None = None,  # noqa: A002
    slack: float = 0.05,
    min_quality: float | None = None,
    min_score: float | None = None,
    resize: bool = False,
    min_width: int | None = None,
    max_width: int | None = None,
    max_height: int | None = None,
    effort: str = "normal",
    exact: bool = False,
    on_unreachable: str = "error",
    metadata: str = "keep",
    **save_options: Any,
) -> Result:
    """See `compress`, and with `again` `compress_again`."""
    budget = parse_size(target)
    check_options(slack=slack, on_unreachable=on_unreachable, metadata=metadata, effort=effort, min_score=min_score)
    check_bounds(resize=resize, min_width=min_width, max_width=max_width, max_height=max_height)
    name, source, behind = _opened(image)
    codec = _codec_of(source, format)
    codec.check_options(save_options)
    first, last = codec.floor_rung(min_quality), len(codec.ladder) - 1
    if again and (quality := codec.source_quality(source)) is not None:
        last = codec.highest_rung(quality)
        first = min(first, last)
    order = Order(
        budget=budget,
        room=budget - least_padding(codec.format, budget) if exact else budget,
        slack=slack,
        first=first,
        last=last,
        effort=effort,
        coding={key: value for key, value in save_options.items() if key not in metadata_.OPTIONS},
    )
    started = perf_counter()
    with warnings.catch_warnings():
        # Pillow warns of odd metadata, which is carried along as it is.
        warnings.simplefilter("ignore")
        if metadata == "strip":
            source = metadata_.upright(source)
        picture = codec.prepare(source, any_size=resize)
        behind = metadata_.kept_behind(behind, codec, metadata, name)
        carried = metadata_.kept(source, codec, picture.mode, metadata)
        carried.update((key, value) for key, value in save_options.items() if key in metadata_.OPTIONS)
        encodes = Encodes(codec, picture, order, carried, behind)
        most = min(1.0, (max_width or picture.width) / picture.width, (max_height or picture.height) / picture.height)
        if resize:
            encodes.scale_for_looks(min_width or 1, most)
        found = encodes.fit()
        if resize and (size := encodes.larger_size(most)):
            encodes.scale_down(size)
            found = encodes.fit()
        while resize and not encodes.fits and (size := encodes.smaller_size(min_width or 1)):
            encodes.scale_down(size)
            found = encodes.fit()
        score = None if min_score is None else encodes.raise_to_score(min_score)
        below = score is not None and min_score is not None and score < min_score
        if below or (not encodes.fits and on_unreachable == "error"):
            raise encodes.unreachable(name, floor=min_quality, min_score=min_score, score=score, resize=resize)
        data = pad(encodes.data, codec.format, budget) if exact and encodes.fits else encodes.data
        return Result(
            data=data,
            budget=budget,
            format=codec.format,
            quality=codec.ladder[encodes.rung],
            setting=encodes.setting,
            width=encodes.picture.width,
            height=encodes.picture.height,
            scale=max(encodes.picture.size) / max(picture.size),
            score=score,
            proven=found.proven,
            trials=tuple(encodes.trials),
            probes=tuple(encodes.probes),
            seconds=perf_counter() - started,
        )


def _opened(image: Image.Image | str | os.PathLike[str]) -> tuple[str, Image.Image, bytes]:
    """Return what to call the picture in messages, the picture, decoded, and what stands behind it in its file."""
    if isinstance(image, str | os.PathLike):
        return os.fspath(image), *read_image(image)
    if not hasattr(image, "getexif"):
        raise ConfigError(f"cannot compress {type(image).__name__}: give a PIL image or the path of an image file")
    name = os.fspath(getattr(image, "filename", "") or "the image")
    return name, decoded(image, name), b""


def _codec_of(source: Image.Image, wanted: str | None) -> Codec:
    name = wanted or source.format
    if not isinstance(name, str):
        raise ConfigError("no format to write: name one with format='JPEG', 'WEBP' or 'AVIF'")
    return codec_for_format(name)
