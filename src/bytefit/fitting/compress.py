"""The one road of every picture: open, prepare, seed, search, result. Everything else in bytefit calls this.

It checks what was asked for and decides in which order things are tried. It writes no files.
"""

from __future__ import annotations

import os
import warnings
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from bytefit.codecs import LOSSLESS_FORMATS, Codec, Trial, codec_for_format
from bytefit.codecs.codec import DRAWING, LOSSLESS
from bytefit.codecs.padding import least_padding, pad
from bytefit.errors import BytefitError, ConfigError, UnsupportedImage
from bytefit.fitting.format_choice import AUTO, best_looking
from bytefit.fitting.trials import Encodes, Order, score_of
from bytefit.messages import format_size
from bytefit.options import Options, checked, options_from
from bytefit.pictures.frames import Frames, check_frames, shows_the_same
from bytefit.seeding.picture_kind import content
from bytefit.sizes import parse_size
from bytefit.sources import metadata as metadata_
from bytefit.sources.reading import decode, decoded, read_image

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from PIL import Image

    from bytefit.search.search import Found


# A lossless picture that is too large for its budget is tried as this, unless the budget is hopeless.
_ELSEWHERE, _LEAST_ELSEWHERE = "WEBP", 500


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
        frames: how many pictures it holds.
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
    frames: int
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
    image: Image.Image | Frames | str | os.PathLike[str],
    target: str | int,
    *,
    format: str | None = None,  # noqa: A002  (Pillow's word)
    formats: Iterable[str] | None = None,
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
    lossless: bool = False,
    drop_extras: bool = False,
    allow_frame_drop: bool = False,
    **save_options: Any,
) -> Result:
    """Encode `image` so that the file has at most `target` bytes and looks as good as those bytes allow.

    Args:
        image: a picture, the frames of an animation, or the path of a file. Of a file that holds an animation or
            pages, and of a picture opened from one, all are taken (`image.copy()` takes one out).
        target: the most bytes the file may have: an int, or text like "200KB" or "1.5MiB".
        format: Pillow's name of the format; None means the picture's own, "auto" the one it looks best in.
        formats: with "auto" those that are allowed; None for those that browsers show.
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
        lossless: keep every pixel as it is; a budget that does not allow it is unreachable.
        drop_extras: leave out what a JPEG file holds beside its picture: further pictures, a gain map, a film ...
            Else it is carried along byte for byte, or the picture is refused.
        allow_frame_drop: leave out every second frame of an animation, as often as it takes, where nothing else fits;
            the frames that are left are shown for longer.
        save_options: further options of Pillow's writer, used in every encode.

    Raises:
        SizeSyntaxError: if the target cannot be read.
        UnsupportedImage: if the picture cannot be read, or not be written in the format without losing something.
        BudgetUnreachable: if no encoding within the floors is small enough.
        ConfigError: if an option makes no sense, is unknown or in conflict with the target.
    """
    options = Options(
        format=format,
        formats=formats,
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
        lossless=lossless,
        drop_extras=drop_extras,
        allow_frame_drop=allow_frame_drop,
        save_options=save_options,
    )
    return _answer(image, target, options)


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
    return _answer(path, target, options_from(options), again=True)


def _answer(
    image: Image.Image | Frames | str | os.PathLike[str], target: str | int, options: Options, *, again: bool = False
) -> Result:
    """See `compress`, and with `again` `compress_again`."""
    budget = parse_size(target)
    checked(options)
    try:
        opened = _opened(image)
    except UnsupportedImage:
        repacked = _repacked(image, budget, options)
        if repacked is None:
            raise
        return repacked
    if (stored := _stored(opened, budget, options)) is not None:
        return stored
    if (options.format or "").lower() != AUTO:
        return _fitted(opened, budget, options, again=again)
    return best_looking(
        opened.source,
        options.formats,
        lambda name: _fitted(opened, budget, options._replace(format=name)),
        lambda answer: _score_of(opened.source, answer),
    )


def _fitted(opened: _Opened, budget: int, options: Options, *, again: bool = False) -> Result:
    """Return a picture that was opened, fitted to a budget in one format."""
    codec = _codec_of(opened.source, options.format)
    codec = codec.on_request(options.save_options) or codec
    codec.check_options(options.save_options)
    started = perf_counter()
    with warnings.catch_warnings():
        # Pillow warns of odd metadata, which is carried along as it is.
        warnings.simplefilter("ignore")
        encodes = _encodes(opened, codec, budget, options, again=again)
        whole = encodes.source
        most = min([1.0, *(limit / side for limit, side in _limits(options, whole) if limit)])
        whole_fits = most == 1 and max(whole.size) <= codec.max_side
        kept_first = whole_fits and not options.lossless and _was_lossless(codec, opened, encodes.part)
        found = encodes.fit_lossless() if kept_first else None
        if found is None:
            found = _searched(encodes, options, most)
        score = None if options.min_score is None else encodes.raise_to_score(options.min_score)
        below = score is not None and options.min_score is not None and score < options.min_score
        if below or (not encodes.fits and options.on_unreachable == "error"):
            raise encodes.unreachable(
                opened.name,
                floor=options.min_quality,
                min_score=options.min_score,
                score=score,
                resize=options.resize,
                elsewhere=_elsewhere(opened, codec, budget, options),
            )
        answer = encodes.data
        if options.exact and encodes.fits:
            beside = encodes.beside
            answer = beside.put(pad(encodes.picture_data, codec.format, budget - beside.weight))
        if isinstance(encodes.picture, Frames):
            check_frames(encodes.picture, decode(answer, "the encoded picture"))
        return Result(
            data=answer,
            budget=budget,
            format=codec.format,
            quality=encodes.codec.ladder[encodes.rung],
            setting=encodes.setting,
            width=encodes.picture.width,
            height=encodes.picture.height,
            frames=len(encodes.picture.pictures) if isinstance(encodes.picture, Frames) else 1,
            scale=max(encodes.picture.size) / max(whole.size),
            score=score,
            proven=found.proven,
            trials=tuple(encodes.trials),
            probes=tuple(encodes.probes),
            seconds=perf_counter() - started,
        )


def _encodes(opened: _Opened, codec: Codec, budget: int, options: Options, *, again: bool) -> Encodes:
    """Return what makes the encodes: the picture prepared, its metadata counted, the ladder's ends known."""
    name, source, data = opened
    if options.metadata == "strip":
        source = metadata_.upright(source)
    tried = codec.without_loss() if options.lossless else codec
    picture = codec.prepare(source, any_size=options.resize)
    first, last = tried.floor_rung(options.min_quality), len(tried.ladder) - 1
    if again and (quality := codec.source_quality(source)) is not None:
        last = codec.highest_rung(quality)
        first = min(first, last)
    save_options = options.save_options
    coding = {key: value for key, value in save_options.items() if key not in metadata_.OPTIONS}
    order = Order(
        budget=budget,
        room=budget - least_padding(codec.format, budget) if options.exact else budget,
        slack=options.slack,
        first=max(first, tried.lowest_rung(picture.mode)),
        last=last,
        effort=options.effort,
        coding={**(codec.as_source(source) if source.format == codec.format else {}), **coding},
    )
    beside = metadata_.kept_beside(
        data, source, codec, policy=options.metadata, name=name, drop_extras=options.drop_extras
    )
    carried = metadata_.kept(source, codec, picture.mode, options.metadata)
    carried.update((key, value) for key, value in save_options.items() if key in metadata_.OPTIONS)
    return Encodes(tried, picture, order, carried, beside)


def _searched(encodes: Encodes, options: Options, most: float) -> Found:
    """Search the ladder, where allowed at the scales up to `most` that look better or are needed."""
    least = options.min_width or 1
    if options.resize:
        encodes.scale_for_looks(least, most)
    found = encodes.fit()
    if options.resize and (size := encodes.larger_size(most)):
        encodes.scale_down(size)
        found = encodes.fit()
    while options.resize and not encodes.fits and (size := encodes.smaller_size(least)):
        encodes.scale_down(size)
        found = encodes.fit()
    while options.allow_frame_drop and not encodes.fits and encodes.drop_frames():
        found = encodes.fit()
    return found


def _limits(options: Options, picture: Image.Image | Frames) -> tuple[tuple[int | None, int], ...]:
    return (options.max_width, picture.width), (options.max_height, picture.height)


def _was_lossless(codec: Codec, opened: _Opened, part: Image.Image) -> bool:
    """Return whether a source that kept every pixel meets a codec whose ladder has no such rung.

    Of a picture that came from no file, `part`, its sample in the codec's mode, tells.
    """
    if codec.lossless_probe is None:
        return False
    name = opened.source.format
    if name is None:
        return isinstance(opened.source, Frames) or content(part) == DRAWING
    return name in LOSSLESS_FORMATS or (name == codec.format and codec.was_lossless(opened.data))


def _elsewhere(opened: _Opened, codec: Codec, budget: int, options: Options) -> str:
    """Return in which format a picture was seen to fit that its own lossless one is too large for; empty for none."""
    if not codec.ladder_keeps_pixels or options.lossless or options.format == _ELSEWHERE or budget < _LEAST_ELSEWHERE:
        return ""
    plain = Options(format=_ELSEWHERE, metadata=options.metadata, drop_extras=options.drop_extras)
    with suppress(BytefitError):
        answer = _fitted(opened, budget, plain)
        return f"as {answer.format} at quality {answer.quality:g} it has {format_size(answer.size)}"
    return ""


def _score_of(source: Image.Image | Frames, answer: Result) -> float | None:
    """Return the SSIMULACRA2 score of an answer; None where it cannot be scored."""
    try:
        return score_of(source, decode(answer.data, "the encoded picture", as_shown=True))
    except (ConfigError, UnsupportedImage):
        return None


def _stored(opened: _Opened, budget: int, options: Options) -> Result | None:
    """Return a file of a lossless format as it is, but for its metadata and its packing; None where that is too large.

    A GIF that a program drew which looks for the best of many ways may weigh less than what we would draw.
    """
    source, data = opened.source, opened.data
    asked = (options.format or source.format or "").upper()
    limits = any(limit is not None and limit < side for limit, side in _limits(options, source))
    if not data or asked != source.format or options.save_options or limits:
        return None
    codec = _codec_of(source, None)
    if not codec.ladder_keeps_pixels or (len(data) > budget and not options.lossless):
        return None
    return _lossless_version(opened, codec, budget, options)


def _repacked(image: Image.Image | Frames | str | os.PathLike[str], budget: int, options: Options) -> Result | None:
    """Return a file of the very same samples that Pillow cannot hold, or None where there is none that fits.

    Of a PNG with 16 bits a channel it reads eight: its coding can be improved, its pixels not be changed.
    """
    if not isinstance(image, str | os.PathLike):
        return None
    data, name = Path(image).read_bytes(), os.fspath(image)
    source = decode(data, name, as_shown=True)
    codec = _codec_of(source, None)
    if codec.lossless is None or (options.format is not None and options.format.upper() != codec.format):
        return None
    return _lossless_version(_Opened(name, source, data), codec, budget, options)


def _lossless_version(opened: _Opened, codec: Codec, budget: int, options: Options) -> Result | None:
    """Return a version of a file with the very same pixels that fits, perhaps itself; None for none."""
    name, source, data = opened
    started, policy = perf_counter(), options.metadata
    if policy == "strip" and metadata_.orientation(source) != 1:
        return None  # its pixels would have to be turned
    room = budget - least_padding(codec.format, budget) if options.exact else budget
    versions = codec.lossless_versions(data, policy, metadata_.orientation_exif(source), most=room)
    version = next((version for version in versions if len(version) <= room), None)
    if policy == "keep" and len(data) <= min(room, len(version or data)):
        version = data
    elif version is None or not shows_the_same(decode(version, name, as_shown=True), source):
        return None
    seconds, setting = perf_counter() - started, codec.lossless or {}
    return Result(
        data=pad(version, codec.format, budget) if options.exact else version,
        budget=budget,
        format=codec.format,
        quality=LOSSLESS,
        setting=setting,
        width=source.width,
        height=source.height,
        frames=len(source.pictures) if isinstance(source, Frames) else 1,
        scale=1.0,
        score=None,
        proven=True,
        trials=(Trial(setting, len(version), seconds),),
        probes=(),
        seconds=seconds,
    )


class _Opened(NamedTuple):
    """A picture, decoded.

    Attributes:
        name: what to call it in messages.
        source: the picture, or the frames.
        data: the bytes of its file; empty where it was opened by somebody else.
    """

    name: str
    source: Image.Image | Frames
    data: bytes


def _opened(image: Image.Image | Frames | str | os.PathLike[str]) -> _Opened:
    if isinstance(image, str | os.PathLike):
        return _Opened(os.fspath(image), *read_image(image))
    if isinstance(image, Frames):
        return _Opened("the frames", image, b"")
    if not hasattr(image, "getexif"):
        raise ConfigError(f"cannot compress {type(image).__name__}: give a PIL image or the path of an image file")
    name = os.fspath(getattr(image, "filename", "") or "the image")
    return _Opened(name, decoded(image, name), b"")


def _codec_of(source: Image.Image | Frames, wanted: str | None) -> Codec:
    name = wanted or source.format
    if not isinstance(name, str):
        raise ConfigError("no format to write: name one with format='JPEG', 'WEBP', 'AVIF', 'PNG' or 'GIF'")
    return codec_for_format(name)
