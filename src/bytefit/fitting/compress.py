"""One image, one budget: prepare, seed, search, result. Every way into bytefit comes through here.

It decides in which order things are tried. It writes no files.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from bytefit.codecs import Codec, codec_for_format
from bytefit.codecs.codec import GRAPHIC
from bytefit.codecs.padding import least_padding, pad
from bytefit.codecs.preparing import prepare
from bytefit.errors import BytefitError
from bytefit.fitting.format_choice import best_looking, is_auto
from bytefit.fitting.repacking import format_of, repacked
from bytefit.fitting.resizing import largest_scale, scale_of, scale_that_fits, search_scales
from bytefit.fitting.result import Result
from bytefit.fitting.scoring import raise_to_score, score_of_answer
from bytefit.fitting.trials import EncodeTarget, Trials, trials_of, try_without_loss
from bytefit.fitting.unreachable import Miss, explained
from bytefit.fitting.verification import check_lossless
from bytefit.formats import LOSSLESS_FORMATS
from bytefit.options import Options, checked
from bytefit.pictures.comparison import check_frames
from bytefit.pictures.frames import Frames
from bytefit.pictures.opening import UNLIMITED
from bytefit.search.search import Found
from bytefit.seeding.picture_kind import content
from bytefit.sizes import parse_size
from bytefit.sources.carrying import carry, kept_trailing_data, without_cover
from bytefit.sources.metadata import upright
from bytefit.sources.reading import decode
from bytefit.sources.source import Source, source_of

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    from PIL import Image

# A lossless image that is too large for its budget is tried in this format, unless the budget is hopeless.
_LOSSY_FORMAT, _LEAST_BUDGET = "WEBP", 500


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
    max_pixels: int | None = None,
    **save_options: Any,
) -> Result:
    """Encode `image` so that the file has at most `target` bytes and looks as good as those bytes allow.

    Args:
        image: a picture, the frames of an animation, or the path of a file ("-" is standard input). Of a file that
            holds an animation or pages, and of a picture opened from one, all are taken (`image.copy()` takes one out).
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
        metadata: "keep", "orientation+icc" or "strip"; what is kept counts into the budget, and what the format has
            no place for is listed in `Result.dropped`.
        lossless: keep every pixel as it is; a budget that does not allow it is unreachable.
        drop_extras: leave out what a JPEG file holds beside its picture: further pictures, a gain map, a film ...
            Else it is carried along byte for byte, or the picture is refused. The still picture of an animated PNG
            that is no part of the animation counts among it in other formats.
        allow_frame_drop: leave out every second frame of an animation, as often as it takes, where nothing else fits;
            the frames that are left are shown for longer.
        max_pixels: the most pixels that the image of a file may have. A small file can need all the memory there is.
            None means the limit of Pillow: twice `Image.MAX_IMAGE_PIXELS`, 178,956,970 pixels unless that was changed.
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
        max_pixels=max_pixels,
        save_options=save_options,
    )
    budget = parse_size(target)
    checked(options)
    return run(source_of(image, max_pixels=max_pixels), budget, options)


def run(
    source: Source,
    budget: int,
    options: Options,
    *,
    cap_at_source_quality: bool = False,
    other_formats: Sequence[str] | None = None,
) -> Result:
    """Return a source fitted to a budget.

    Args:
        source: the image.
        budget: the most bytes the file may have.
        options: see `compress`; they were checked.
        cap_at_source_quality: use no higher quality than the source was encoded with: there is nothing left that a
            higher one could show. The quality of the source is known for JPEG only, from its quantisation tables; a
            `min_quality` above it counts as that quality.
        other_formats: formats to try where the budget is unreachable, so that the error can name one that fits; None
            for a lossy format where the image's own is lossless.

    Raises:
        BytefitError: see `compress`.
    """
    limited = _is_limited(source, options)
    if (unchanged := repacked(source, budget, options, limited=limited)) is not None:
        return unchanged
    if source.refusal is not None:
        raise source.refusal
    if is_auto(options.format):
        answer = best_looking(
            source.picture,
            options.formats,
            lambda name: fit_format(source, budget, options._replace(format=name)),
            lambda answer: score_of_answer(source.picture, answer),
        )
    else:
        answer = fit_format(source, budget, options, cap_at_source_quality=cap_at_source_quality)
    if isinstance(answer, Result):
        return answer
    smaller = None if options.resize or not answer.scaling_may_help else scale_that_fits(answer.trials)
    names = _lossy_formats(answer, budget, options) if other_formats is None else other_formats
    other = fit_other_format(source, budget, options, [name for name in names if name != answer.trials.codec.format])
    raise explained(answer, source.name, options, smaller=smaller, other_format=other)


def fit_other_format(source: Source, budget: int, options: Options, names: Iterable[str]) -> Result | None:
    """Return the image in the first of some formats in which it fits; None where it fits in none."""
    plain = options._replace(formats=None, exact=False, lossless=False, on_unreachable="error", save_options={})
    for name in names:
        try:
            answer = fit_format(source, budget, plain._replace(format=name))
        except BytefitError:
            continue
        if isinstance(answer, Result):
            return answer
    return None


def fit_format(source: Source, budget: int, options: Options, *, cap_at_source_quality: bool = False) -> Result | Miss:
    """Return an image fitted to a budget in one format.

    Raises:
        UnsupportedImage: if the format cannot hold the image.
        ConfigError: if an option makes no sense for the format.
    """
    codec = codec_for_format(options.format or format_of(source))
    codec = codec.variants.on_request(options.save_options) or codec
    codec.check_options(options.save_options)
    started = perf_counter()
    trials, dropped = _prepared_trials(source, codec, budget, options, cap_at_source_quality=cap_at_source_quality)
    trials, found = _searched(source, codec, trials, options)
    score, floored = (None, False) if options.min_score is None else raise_to_score(trials, options.min_score)
    below = score is not None and options.min_score is not None and score < options.min_score
    if below or (not trials.fits and options.on_unreachable == "error"):
        return Miss(trials, score, floored)
    data = _padded(trials, codec, budget) if options.exact and trials.fits else trials.data
    lossless = _verified(source, codec, trials, data, options)
    return Result(
        data=data,
        budget=budget,
        format=codec.format,
        quality=trials.quality,
        setting=trials.setting,
        width=trials.picture.width,
        height=trials.picture.height,
        frames=len(trials.picture.pictures) if isinstance(trials.picture, Frames) else 1,
        scale=scale_of(trials),
        score=score,
        lossless=lossless,
        proven=found.proven,
        trials=tuple(trials.log.trials),
        probes=tuple(trials.log.probes),
        seconds=perf_counter() - started,
        exact=options.exact,
        dropped=dropped,
    )


def _prepared_trials(
    source: Source, codec: Codec, budget: int, options: Options, *, cap_at_source_quality: bool
) -> tuple[Trials, tuple[str, ...]]:
    """Return the trials of an image: prepared for the codec, its metadata counted, the ends of the ladder known.

    Returns:
        The trials, and words for what the format has no place for.
    """
    opened, left_out = without_cover(source.picture, codec, name=source.name, drop_extras=options.drop_extras)
    picture = _oriented(opened, codec, options)
    tried = codec.without_loss() if options.lossless else codec
    prepared = prepare(codec, picture, any_size=options.resize)
    first, last = tried.floor_rung(options.min_quality), len(tried.ladder) - 1
    if cap_at_source_quality and (quality := codec.source.quality(picture)) is not None:
        last = codec.highest_rung(quality)
        first = min(first, last)
    coding = {name: value for name, value in options.save_options.items() if name not in codec.save_options.metadata}
    target = EncodeTarget(
        budget=budget,
        encode_budget=budget - least_padding(codec, budget) if options.exact else budget,
        slack=options.slack,
        first=max(first, tried.lowest_rung(prepared.mode)),
        last=last,
        effort=options.effort,
        coding={**(codec.source.options_from_source(picture) if picture.format == codec.format else {}), **coding},
    )
    trailing = kept_trailing_data(
        source.data, opened, codec, policy=options.metadata, name=source.name, drop_extras=options.drop_extras
    )
    carried, dropped = carry(opened, codec, prepared.mode, options.metadata)
    carried.update((name, value) for name, value in options.save_options.items() if name in codec.save_options.metadata)
    if "dpi" in options.save_options:
        carried.pop("density", None)
    return trials_of(tried, prepared, target, carried, trailing), (*left_out, *dropped)


def _oriented(image: Image.Image | Frames, codec: Codec, options: Options) -> Image.Image | Frames:
    """Return an image as it was opened, turned upright where its file will not state the orientation."""
    keeps_orientation = options.metadata != "strip" and "exif" in codec.save_options.allowed
    return image if keeps_orientation else upright(image)


def _searched(source: Source, codec: Codec, trials: Trials, options: Options) -> tuple[Trials, Found]:
    """Return the trials that hold the answer: lossless where a lossless source fits, otherwise what was searched."""
    full_size = largest_scale(trials, options) == 1 and max(trials.whole.size) <= codec.holds.max_side
    if full_size and not options.lossless and _was_lossless(codec, source, trials.sample):
        lossless = try_without_loss(trials)
        if lossless is not None:
            return lossless, Found(0, proven=True, sizes={0: lossless.payload})
    return search_scales(trials, options)


def _verified(source: Source, codec: Codec, trials: Trials, data: bytes, options: Options) -> bool:
    """Check the frames of an encoded animation and the pixels of a lossless file; return whether all are kept."""
    claims = codec.keeps_pixels(trials.quality, trials.setting)
    if not claims and not isinstance(trials.picture, Frames):
        return False
    version = decode(data, "the encoded picture", as_shown=True, max_pixels=UNLIMITED)
    if isinstance(trials.picture, Frames):
        check_frames(trials.picture, version)
    if not claims:
        return False
    opened, _ = without_cover(source.picture, codec, name=source.name, drop_extras=options.drop_extras)
    return check_lossless(version, _oriented(opened, codec, options), trials.picture, codec, asked=options.lossless)


def _was_lossless(codec: Codec, source: Source, sample: Image.Image) -> bool:
    """Return whether a source that kept every pixel meets a codec whose ladder has no such rung.

    For an image that came from no file, `sample` tells, its sample in the codec's mode.
    """
    if codec.lossless.probe_options is None:
        return False
    name = source.picture.format
    if name is None:
        return isinstance(source.picture, Frames) or content(sample) == GRAPHIC
    return name in LOSSLESS_FORMATS or (name == codec.format and codec.lossless.is_lossless(source.data))


def _is_limited(source: Source, options: Options) -> bool:
    """Return whether the bounds ask for fewer pixels than the source has."""
    picture = source.picture
    limits = (options.max_width, picture.width), (options.max_height, picture.height)
    return any(limit is not None and limit < side for limit, side in limits)


def _lossy_formats(miss: Miss, budget: int, options: Options) -> tuple[str, ...]:
    """Return the formats to try for an image that no lossless rung fits."""
    worthwhile = miss.trials.codec.ladder_keeps_pixels and not options.lossless and budget >= _LEAST_BUDGET
    return (_LOSSY_FORMAT,) if worthwhile and not is_auto(options.format) else ()


def _padded(trials: Trials, codec: Codec, budget: int) -> bytes:
    """Return the best file filled up to exactly the budget."""
    trailing = trials.trailing
    return trailing.put(pad(trials.picture_data, codec, budget - trailing.weight))
