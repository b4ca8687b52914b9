"""The trials of one picture on one ladder: each is encoded, counted, and the best is kept.

Which rung is tried next is the search's to say, which picture is tried `resizing`'s and `frame_dropping`'s.
"""

from __future__ import annotations

from functools import cache
from math import ceil, log
from typing import TYPE_CHECKING, Any, NamedTuple

from bytefit.codecs import Trial, encode_timed, with_options
from bytefit.errors import PixelsNotKept
from bytefit.fitting.log import Log
from bytefit.search.search import Found, search
from bytefit.seeding.picture_kind import for_content
from bytefit.seeding.sampling import sample_of
from bytefit.seeding.seed import LazyCurve, Seed
from bytefit.seeding.with_model import seed
from bytefit.sources import metadata

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from PIL import Image

    from bytefit.codecs import Codec
    from bytefit.codecs.container import TrailingData
    from bytefit.pictures.frames import Frames
    from bytefit.sizes import Window


class EncodeTarget(NamedTuple):
    """What the encodes of one picture have to meet.

    Attributes:
        window: the bytes the finished file may have.
        encode_budget: the most bytes an encoding may have so that it can be padded, where the window asks for that.
        slack: the share of the encode budget that may stay unused.
        first, last: the lowest and the highest rung that may be used.
        effort: "fast", "normal" or "best".
        models: the folder of the user's own models; None for those in use.
        coding: the user's save options that change how pixels are coded.
        in_range: whether a least size is asked for: then every rung is worth a trial that may need no padding.
    """

    window: Window
    encode_budget: int
    slack: float
    first: int
    last: int
    effort: str
    models: str | os.PathLike[str] | None
    coding: Mapping[str, Any]
    in_range: bool = False


class Trials:
    """The trials of one picture with one codec, and the best of them.

    Attributes:
        codec: with the settings for this picture, the effort and the user's options.
        whole: the picture at its full size, in the codec's mode.
        picture: the picture that is encoded: `whole` or a smaller version of it.
        target: what the encodes have to meet.
        carried: the metadata, as save options.
        trailing: what is carried byte for byte behind the picture.
        overhead: the bytes of a file that are not pixels: metadata and what is carried.
        careful: how the trials are made where they take more care than the codec's own encodes; else None.
        log: all encodes made for the same answer.
        sample: the part of the picture that stands for it in probes.
        picture_data: the best file without what is carried behind its picture.
        data, rung, setting: the highest rung known to fit; while none does, the smallest encoding known.
        last: the highest rung that may be used, as far as is known: a lossless one may turn out to be impossible.
    """

    def __init__(
        self,
        codec: Codec,
        whole: Image.Image | Frames,
        picture: Image.Image | Frames,
        target: EncodeTarget,
        *,
        carried: Mapping[str, Any],
        trailing: TrailingData,
        overhead: int,
        log: Log,
    ) -> None:
        """Take the parts; `trials_of` makes them for a picture that was not tried yet."""
        self.codec = codec
        self.careful = codec.variants.careful(codec, picture)
        self.whole = whole
        self.picture = picture
        self.target = target
        self.carried = carried
        self.trailing = trailing
        self.overhead = overhead
        self.log = log
        self.sample = sample_of(codec, picture)
        self.data = self.picture_data = b""
        self.rung, self.last = target.first, target.last
        self.setting: Mapping[str, Any] = {}

    @property
    def fits(self) -> bool:
        """Whether the best encoding is within the budget."""
        return self.data != b"" and self._within(len(self.data))

    @property
    def payload(self) -> int:
        """The most bytes the pixels may have; less than 1 where metadata leave no room for any."""
        return self.target.encode_budget - self.overhead

    @property
    def quality(self) -> float:
        """The quality of the best encoding, on the codec's scale."""
        return self.codec.ladder[self.rung]

    def of(
        self,
        picture: Image.Image | Frames,
        *,
        whole: Image.Image | Frames | None = None,
        carried: Mapping[str, Any] | None = None,
    ) -> Trials:
        """Return trials of another version of the picture, counted together with these."""
        return Trials(
            self.codec,
            self.whole if whole is None else whole,
            picture,
            self.target,
            carried=self.carried if carried is None else carried,
            trailing=self.trailing,
            overhead=self.overhead,
            log=self.log,
        )

    def on(self, codec: Codec, *, first: int, last: int) -> Trials:
        """Return trials of the same picture on another ladder, from rung `first` to `last`, counted together."""
        return Trials(
            with_options(codec, self.target.effort, self.target.coding),
            self.whole,
            self.picture,
            self.target._replace(first=first, last=last),
            carried=self.carried,
            trailing=self.trailing,
            overhead=self.overhead,
            log=self.log,
        )

    def measure(self, rung: int, *, wanted: bool = False) -> int:
        """Encode a rung in full, keep it if it is the best so far or `wanted`, and return the bytes of its pixels.

        Raises:
            PixelsNotKept: if it is a lossless rung that the format cannot make of this picture. From then on `last` is
                the rung below it.
        """
        codec = self.codec if self.careful is None else self.careful.codec
        quality = codec.ladder[rung]
        setting = codec.setting(quality, self.picture.mode)
        self.log.trying(codec.format, quality, self.picture.size)
        try:
            alone, trial = encode_timed(codec, self.picture, setting, self.carried)
        except PixelsNotKept as error:
            self.last = rung - 1
            raise PixelsNotKept(f"{error}; {self._instead_of(rung)}") from error
        data = self.trailing.put(alone)
        self.log.tried(Trial(setting, len(data), trial.seconds, quality))
        fits = self._within(len(data))
        better = rung > self.rung or not self.fits if fits else not self.fits and len(data) < len(self.data)
        if better or wanted or not self.data:
            self.picture_data, self.data, self.rung, self.setting = alone, data, rung, setting
        # A size above the encode budget that is outside the window cannot be padded into it, and counts as over.
        size = min(len(data), self.target.encode_budget) if fits else len(data)
        return max(1, size - self.overhead)

    def _instead_of(self, rung: int) -> str:
        """Return what to do where a lossless rung is impossible."""
        lower = self.codec.ladder[rung - 1] if rung else None
        return "use PNG or WEBP, or " + ("leave lossless out" if lower is None else f"accept quality {lower:g}")

    def take(self, other: Trials) -> None:
        """Take over the answer of other trials of the same picture, and how they encode."""
        self.picture_data, self.data = other.picture_data, other.data
        self.rung, self.setting, self.careful = other.rung, other.setting, other.careful

    def seeded(self, payload: int, min_accept: int) -> Seed:
        """Return the predicted curve of the trials, for a search between `min_accept` and `payload` bytes."""
        careful, ladder = self.careful, self.codec.ladder
        ratio = 1.0 if careful is None else careful.size_ratio(ladder[len(ladder) // 2])
        found = seed(
            self.codec,
            self.picture,
            self.sample,
            budget=round(payload / ratio),
            min_accept=max(1, round(min_accept / ratio)),
            first=self.target.first,
            last=self.target.last,
            models=self.target.models,
        )
        if careful is None:
            return found
        curve, ratio_of = found.curve, careful.size_ratio
        shifted = LazyCurve(len(curve), lambda rung: curve[rung] + log(ratio_of(ladder[rung])))
        return found._replace(curve=shifted, start=None)

    def _within(self, size: int) -> bool:
        return size <= self.target.encode_budget or self.target.window.holds(size)


def trials_of(
    codec: Codec,
    picture: Image.Image | Frames,
    target: EncodeTarget,
    carried: Mapping[str, Any],
    trailing: TrailingData,
) -> Trials:
    """Return the trials of a prepared picture, with the codec's settings for it and its metadata weighed.

    Raises:
        UnsupportedImage: if the format has no room for the metadata.
    """
    own = with_options(for_content(codec, sample_of(codec, picture)), target.effort, target.coding)
    own = own.variants.per_picture(own)
    weight = metadata.weigh(own, picture.mode, own.setting(own.ladder[target.first], picture.mode), carried)
    overhead = weight + trailing.weight
    return Trials(own, picture, picture, target, carried=carried, trailing=trailing, overhead=overhead, log=Log())


def search_ladder(trials: Trials) -> Found:
    """Search the ladder; afterwards the trials hold the answer, or the lowest rung where nothing fits."""
    found, careful = _search(trials), trials.careful
    if careful is None:
        return found
    plain = trials.of(trials.picture)
    plain.careful = None
    found_plain = _search(plain)
    if not plain.fits or (trials.fits and careful.score(trials.data) > careful.score(plain.data)):
        return found
    trials.take(plain)
    return found_plain


def _search(trials: Trials) -> Found:
    """Search the ladder with the encodes that the trials make."""
    target, payload = trials.target, trials.payload
    if payload < 1:
        return Found(None, proven=True, sizes={target.first: trials.measure(target.first)})
    min_accept = max(1, ceil(target.encode_budget * (1 - target.slack)) - trials.overhead)
    seeded = trials.seeded(payload, min_accept)
    trials.log.begin(trials, seeded, min_accept)
    last = target.last
    if target.slack and seeded.last is not None and not target.in_range:
        last = min(last, seeded.last)
    # Without slack only the proof that the next rung is over ends the search, whatever the bytes.
    measure = cache(trials.measure)

    def searched(last: int) -> Found:
        return search(
            measure,
            seeded.curve if last == len(trials.codec.ladder) - 1 else seeded.curve[: last + 1],
            payload,
            min_accept=min_accept if target.slack else None,
            first=target.first,
            start=None if seeded.start is None else min(seeded.start, last),
        )

    try:
        found = searched(last)
    except PixelsNotKept:
        if trials.last < target.first:
            raise
        # Without its lossless rung the ladder is searched again; what was measured is not measured again.
        last = trials.last
        found = searched(last)
    return found if last == trials.last else found._replace(proven=found.proven and found.rung != last)
