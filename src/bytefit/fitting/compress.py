"""One image, one budget: every way into bytefit comes through here.

It decides which formats are tried, and what is tried to explain a failure. It writes no files.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bytefit.errors import BytefitError, UnsupportedImage
from bytefit.fitting.format_choice import best_looking, is_auto, with_allowed_format
from bytefit.fitting.one_format import fit_format
from bytefit.fitting.repacking import repacked
from bytefit.fitting.resizing import scale_that_fits
from bytefit.fitting.result import Result
from bytefit.fitting.scoring import score_of_answer
from bytefit.fitting.unreachable import Miss, explained
from bytefit.options import Options, ask_for_conversion, for_target, given_in, options_from
from bytefit.sources.source import Source, source_of

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Sequence

    from PIL import Image

    from bytefit.pictures.frames import Frames

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
    box: str | tuple[int, int] | None = None,
    fit: str = "cover",
    focus: tuple[float, float] | None = None,
    enlarge: bool = False,
    dpi: float | tuple[float, float] | None = None,
    effort: str = "normal",
    exact: bool = False,
    min_size: str | int | None = None,
    encoding: str = "binary",
    on_unreachable: str = "error",
    metadata: str = "keep",
    lossless: bool = False,
    drop_extras: bool = False,
    allow_frame_drop: bool = False,
    background: str | None = None,
    colours: str | None = None,
    depth: int | None = None,
    max_pixels: int | None = None,
    models: str | os.PathLike[str] | None = None,
    **save_options: Any,
) -> Result:
    """Encode `image` so that the file has at most `target` bytes and looks as good as those bytes allow.

    Args:
        image: a picture, the frames of an animation, or the path of a file ("-" is standard input). Of a file that
            holds an animation or pages, and of a picture opened from one, all are taken (`image.copy()` takes one out).
        target: the most bytes the file may have: an int, or text like "200KB" or "1.5MiB"; a range like "20KB..50KB",
            whose lower end is a `min_size`; or the name of a preset, like "discord-emoji", whose options count where
            you give none (`bytefit presets` lists them).
        format: Pillow's name of the format; None means the picture's own, "auto" the one it looks best in.
        formats: the formats that are allowed. With "auto", one of them is chosen. Without it the picture keeps its own
            format if that is one of them, and otherwise one is chosen as well. None allows all, and to "auto" those
            that browsers show.
        slack: the share of the budget that may stay unused, 0 to less than 1. 0 proves the best rung: it fits and
            the next one up does not.
        min_quality: the least quality accepted, on the codec's own scale.
        min_score: the least visible quality accepted, as SSIMULACRA2 (90 hard to tell apart, 70 good, 50 middling);
            needs the `metrics` extra.
        resize: lower the dimensions where that looks better at the bytes there are, or is needed. Where two scales are
            predicted to look about as good, both are tried with the `metrics` extra, and the better one is kept,
            except at effort "fast".
        min_width: the least width `resize` may come down to, in pixels.
        max_width: the most width the answer may have, in pixels, with `resize`; a picture is never made larger.
        max_height: the most height, likewise.
        box: exact dimensions: "413x531" or (413, 531); "512x" or "x512" for one side, the other follows; "1:1" for a
            shape of whatever size. The picture is made upright first, all frames and pages alike, and what is said
            below of the picture, such as `min_score` and `lossless`, is said of the one in the box.
        fit: how it comes into the box. "cover" cuts off what is outside of the box's shape; "contain" pads with
            `background`, or with transparency without one; "inside" makes it at most as large, in its own shape;
            "stretch" changes the shape.
        focus: the point that "cover" keeps as near to the middle as it can: shares of width and height, 0 to 1.
        enlarge: allow the box to make the picture larger. Otherwise "cover" and "stretch" refuse a box that is larger,
            "contain" pads all around, and "inside" leaves the picture as it is.
        dpi: the resolution that the file states, in pixels an inch; a pair if it differs from left to right and from
            top to bottom.
        effort: "fast", "normal" or "best": how much time the encoder may take for more quality at the same bytes.
            For JPEG "best" takes seconds per megapixel and looks clearly better with the `best` extra.
        exact: pad the file inside its container to exactly `target` bytes.
        min_size: the fewest bytes the file may have. It is padded as with `exact`, but only if even its best encoding
            is smaller; `Result.padded` says by how much.
        encoding: what sizes count: "binary" the bytes of the file, "base64" the characters of its base64 text,
            "data-uri" those of its data URI, the prefix included. `Result.encoded` is that text.
        on_unreachable: "error", or "smallest" to get the smallest encoding, whose `fits` is then False.
        metadata: "keep", "strip", groups to keep as in "orientation+icc+copyright", or all but groups as in
            "keep-gps-serial"; what is kept counts into the budget, and what the format has no place for is listed in
            `Result.dropped`.
        lossless: keep every pixel as it is; a budget that does not allow it is unreachable.
        drop_extras: leave out what a JPEG file holds besides its picture, such as further pictures, a gain map or a
            film. Without it bytefit carries them byte for byte, or refuses the picture. A still picture of an animated
            PNG that is no part of the animation is such an extra in other formats.
        allow_frame_drop: leave out every second frame of an animation, as often as it takes, where nothing else fits;
            the frames that are left are shown for longer.
        background: a colour that transparency is flattened onto, as `PIL.ImageColor` reads it: "white", "#f0f0f0",
            "rgb(240, 240, 240)". It has to be opaque. The answer has no alpha channel then, in any format. None keeps
            transparency, and refuses formats that have none.
        colours: "srgb" converts other colours to sRGB: CMYK, Lab, wide gamuts, a gamma or primaries of the file's own,
            whatever has a profile. It uses the embedded profile, is relative colorimetric with black point
            compensation, and leaves a profile out afterwards. None keeps colours and profile, and refuses formats that
            cannot hold them.
        depth: 8 scales 16 bits a channel to 8, rounded. None keeps them, and refuses formats that cannot hold them.
        max_pixels: the most pixels that the image of a file may have. A small file can need all the memory there is.
            None means the limit of Pillow: twice `Image.MAX_IMAGE_PIXELS`, 178,956,970 pixels unless that was changed.
        models: the folder with your own models, see `bytefit train`; a format without one there uses the model that
            comes with bytefit. None means `bytefit.use_models`, else the environment variable BYTEFIT_MODELS.
        save_options: further options of Pillow's writer, used in every encode.

    Raises:
        SizeSyntaxError: if the target cannot be read.
        UnsupportedImage: if the picture cannot be read, or not be written in the format without losing something.
        BudgetUnreachable: if no encoding within the floors is small enough.
        ConfigError: if an option makes no sense, is unknown or in conflict with the target.
        ModelError: if a model of your own cannot be used.
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
        box=box,
        fit=fit,
        focus=focus,
        enlarge=enlarge,
        dpi=dpi,
        effort=effort,
        exact=exact,
        min_size=min_size,
        encoding=encoding,
        on_unreachable=on_unreachable,
        metadata=metadata,
        lossless=lossless,
        drop_extras=drop_extras,
        allow_frame_drop=allow_frame_drop,
        background=background,
        colours=colours,
        depth=depth,
        max_pixels=max_pixels,
        models=models,
        save_options=save_options,
    )
    budget, given = for_target(target, given_in(options))
    options = options_from(given)
    return run(source_of(image, max_pixels=options.max_pixels), budget, options)


@contextmanager
def _refused_for_lack_of_memory() -> Iterator[None]:
    """Turn a lack of memory, such as a damaged animation of gigabytes causes, into our own error."""
    try:
        yield
    except MemoryError as error:
        raise UnsupportedImage("there is not enough memory to encode this image: scale it down first") from error


@_refused_for_lack_of_memory()
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
    options = with_allowed_format(source, options)
    source = with_conversions(source, options)
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
            lossless=options.lossless,
        )
    else:
        answer = fit_format(source, budget, options, cap_at_source_quality=cap_at_source_quality)
    if isinstance(answer, Result):
        return answer
    smaller = None if options.resize or not answer.scaling_may_help else scale_that_fits(answer.trials)
    names = _lossy_formats(answer, budget, options) if other_formats is None else other_formats
    other = fit_other_format(source, budget, options, [name for name in names if name != answer.trials.codec.format])
    raise explained(answer, source.name, budget, options, smaller=smaller, other_format=other)


def fit_other_format(source: Source, budget: int, options: Options, names: Iterable[str]) -> Result | None:
    """Return the image in the first of some formats in which it fits; None where it fits in none."""
    source = with_conversions(source, options)
    plain = options._replace(
        formats=None, exact=False, min_size=None, lossless=False, on_unreachable="error", save_options={}
    )
    for name in names:
        try:
            answer = fit_format(source, budget, plain._replace(format=name))
        except BytefitError:
            continue
        if isinstance(answer, Result):
            return answer
    return None


def with_conversions(source: Source, options: Options) -> Source:
    """Return a source with the changes that options such as `background` ask for, itself where nothing changes.

    Raises:
        UnsupportedImage: if the image cannot be decoded.
    """
    if not ask_for_conversion(options):
        return source
    from bytefit.sources.conversion import converted

    return converted(source, options)


def _is_limited(source: Source, options: Options) -> bool:
    """Return whether the bounds ask for fewer pixels than the source has."""
    picture = source.picture
    limits = (options.max_width, picture.width), (options.max_height, picture.height)
    return any(limit is not None and limit < side for limit, side in limits)


def _lossy_formats(miss: Miss, budget: int, options: Options) -> tuple[str, ...]:
    """Return the formats to try for an image that no lossless rung fits."""
    worthwhile = miss.trials.codec.ladder_keeps_pixels and not options.lossless and budget >= _LEAST_BUDGET
    return (_LOSSY_FORMAT,) if worthwhile and not is_auto(options.format) else ()
