"""One image in one format: prepared, its metadata counted, the ladder searched, the answer verified."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from bytefit.codecs import Codec, codec_for_format, media_type
from bytefit.codecs.codec import GRAPHIC
from bytefit.codecs.padding import encode_budget, padded_into
from bytefit.codecs.preparing import prepare
from bytefit.errors import UnsupportedImage
from bytefit.fitting.repacking import format_of
from bytefit.fitting.resizing import largest_scale, scale_of, search_scales
from bytefit.fitting.result import Result
from bytefit.fitting.scoring import raise_to_score
from bytefit.fitting.trials import EncodeTarget, Trials, trials_of
from bytefit.fitting.unreachable import Miss
from bytefit.fitting.verification import check_lossless
from bytefit.formats import LOSSLESS_FORMATS
from bytefit.options import window
from bytefit.pictures.comparison import check_frames
from bytefit.pictures.frames import Frames
from bytefit.pictures.opening import UNLIMITED
from bytefit.seeding.picture_kind import content
from bytefit.sizes import Window, parse_size
from bytefit.sources.carrying import carry, kept_trailing_data, without_cover
from bytefit.sources.metadata import as_upright, orientation_to_apply, turned, with_dimensions
from bytefit.sources.reading import decode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image

    from bytefit.codecs.container import TrailingData
    from bytefit.options import Options
    from bytefit.search.search import Found
    from bytefit.sources.source import Source


def fit_format(source: Source, budget: int, options: Options, *, cap_at_source_quality: bool = False) -> Result | Miss:
    """Return an image fitted to a budget in one format.

    Raises:
        UnsupportedImage: if the format cannot hold the image.
        ConfigError: if an option makes no sense for the format.
    """
    codec = codec_for_format(options.format or format_of(source))
    if cap_at_source_quality:
        options = options._replace(
            save_options={**codec.source.coding_in_place(source.picture), **options.save_options}
        )
    codec = codec.variants.on_request(options.save_options) or codec
    codec.check_options(options.save_options)
    started = perf_counter()
    trials, dropped = _prepared_trials(source, codec, budget, options, cap_at_source_quality=cap_at_source_quality)
    trials, found = _searched(source, codec, trials, options)
    score, floored = (None, False) if options.min_score is None else raise_to_score(trials, options.min_score)
    below = score is not None and options.min_score is not None and score < options.min_score
    if below or (not trials.fits and options.on_unreachable == "error"):
        return Miss(trials, score, floored)
    data = _padded(trials, codec) if trials.fits else trials.data
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
        padded=len(data) - len(trials.data),
        min_size=0 if options.min_size is None else parse_size(options.min_size),
        encoding=options.encoding,
    )


def _prepared_trials(
    source: Source, codec: Codec, budget: int, options: Options, *, cap_at_source_quality: bool
) -> tuple[Trials, tuple[str, ...]]:
    """Return the trials of an image: prepared for the codec, its metadata counted, the ends of the ladder known.

    Returns:
        The trials, and words for what the format has no place for.
    """
    opened, left_out = without_cover(source.picture, codec, name=source.name, drop_extras=options.drop_extras)
    turn = _turn(opened, codec, options)
    picture = turned(opened, turn)
    tried = codec.without_loss() if options.lossless else codec
    if options.box is not None and max(picture.size) > codec.holds.max_side and not options.resize:
        raise UnsupportedImage(
            f"{codec.format} cannot hold a box of {picture.width}x{picture.height} pixels: its limit is "
            f"{codec.holds.max_side} a side; give a smaller box, or take another format"
        )
    prepared = prepare(codec, picture, any_size=options.resize)
    first, last = tried.floor_rung(options.min_quality), len(tried.ladder) - 1
    if cap_at_source_quality and (quality := codec.source.quality(picture)) is not None:
        last = codec.highest_rung(quality)
        first = min(first, last)
    coding = {name: value for name, value in options.save_options.items() if name not in codec.save_options.metadata}
    allowed = window(options, budget, lambda: media_type(codec.format))
    most, in_range = encode_budget(codec, allowed), options.min_size is not None
    target = EncodeTarget(
        window=allowed,
        encode_budget=most,
        slack=max(0, min(options.slack, 1 - allowed.least / most)) if in_range and most > 0 else options.slack,
        first=max(first, tried.lowest_rung(prepared.mode)),
        last=last,
        effort=options.effort,
        models=options.models,
        coding={**(codec.source.options_from_source(picture) if picture.format == codec.format else {}), **coding},
        in_range=in_range,
    )
    trailing = kept_trailing_data(
        source.data, opened, codec, policy=options.metadata, name=source.name, drop_extras=options.drop_extras
    )
    carried, dropped = carry(opened, codec, prepared.mode, options.metadata)
    carried = _with_changes(carried, turn, prepared, codec, options)
    if options.box is not None:
        _check_trailing(trailing, source)
    return trials_of(tried, prepared, target, carried, trailing), (*left_out, *dropped)


def _with_changes(
    carried: Mapping[str, Any], turn: int, picture: Image.Image | Frames, codec: Codec, options: Options
) -> dict[str, Any]:
    """Return the metadata of a file with what the user gives it, and with what follows from the new pixels.

    Args:
        carried: the metadata of the source, as save options.
        turn: the orientation that was applied to the pixels.
        picture: the image after that, in the mode it is encoded in.
        codec: the codec that will encode it.
        options: what is asked for.

    Raises:
        UnsupportedImage: if the format has no place for it.
    """
    given = {name: value for name, value in options.save_options.items() if name in codec.save_options.metadata}
    changed = as_upright({**carried, **given}, turn, picture.size)
    if options.box is not None:
        changed = with_dimensions(changed, picture.size, codec)
    if options.dpi is None:
        return changed
    from bytefit.sources.resolution import with_dpi

    return with_dpi(changed, options.dpi, codec, picture.mode)


def _check_trailing(trailing: TrailingData, source: Source) -> None:
    """Refuse to carry further images, such as gain maps, along with a picture that was cut or padded.

    Raises:
        UnsupportedImage: naming the way out.
    """
    if trailing.weight and source.is_converted:
        raise UnsupportedImage(
            f"{source.name} carries further images or a film, which belong to the whole picture and not to the one in "
            f"the box: drop_extras=True leaves them out"
        )


def _turn(image: Image.Image | Frames, codec: Codec, options: Options) -> int:
    """Return the orientation to apply to the pixels of an image as it was opened; 1 for none."""
    return orientation_to_apply(image, codec, options.metadata, options.save_options.get("exif"))


def _searched(source: Source, codec: Codec, trials: Trials, options: Options) -> tuple[Trials, Found]:
    """Return the trials that hold the answer: lossless where a lossless source fits, otherwise what was searched."""
    full_size = largest_scale(trials, options) == 1 and max(trials.whole.size) <= codec.holds.max_side
    if full_size and not options.lossless and _was_lossless(codec, source, trials.sample):
        from bytefit.fitting.without_loss import try_without_loss

        lossless = try_without_loss(trials, options.min_quality)
        if lossless is not None:
            return lossless
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
    upright = turned(opened, _turn(opened, codec, options))
    return check_lossless(version, upright, trials.picture, codec, asked=options.lossless)


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


def _padded(trials: Trials, codec: Codec) -> bytes:
    """Return the best file, filled up to the least size that is asked for."""
    trailing, (least, most) = trials.trailing, trials.target.window
    if len(trials.data) >= least:
        return trials.data
    return trailing.put(
        padded_into(trials.picture_data, codec, Window(least - trailing.weight, most - trailing.weight))
    )
