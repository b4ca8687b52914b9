"""The encodes of one picture: it makes them, counts them and keeps the bytes of the best.

The state of one `compress` lives here; which rung is tried next is the search's to say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import BytesIO
from math import ceil, sqrt
from typing import TYPE_CHECKING, Any

from PIL.Image import open as open_image

from bytefit.codecs import Trial, encode_timed, with_options
from bytefit.errors import BudgetUnreachable
from bytefit.pictures.frames import Frames, frames_of
from bytefit.pictures.scores import ssimulacra2_score
from bytefit.search.search import Found, search
from bytefit.seeding.best_scale import best_scale
from bytefit.seeding.lossless_probe import lossless_probe
from bytefit.seeding.picture_kind import suited
from bytefit.seeding.sampling import sample
from bytefit.seeding.with_model import seed
from bytefit.sources import metadata

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image

    from bytefit.codecs import Codec
    from bytefit.sources.metadata import Beside

# A picture that has to be made smaller is made small enough for its floor to take this share of the budget, so that
# the search has room for more than the worst quality there is.
_FLOOR_FILL = 0.5


# Of an animation so many frames are scored: each takes longer than its encode.
_SCORED_FRAMES = 8


# An animation of fewer frames cannot lose any and stay one.
_FEWEST = 3


@dataclass(frozen=True, slots=True)
class Order:
    """What one picture is to be fitted to.

    Attributes:
        budget: the most bytes the finished file may have.
        room: the most bytes an encoding may have: the budget less what padding needs.
        slack: the share of the room that may stay unused.
        first, last: the lowest and the highest rung that may be used.
        effort: "fast", "normal" or "best".
        coding: the user's save options that change how pixels are coded.
    """

    budget: int
    room: int
    slack: float
    first: int
    last: int
    effort: str
    coding: Mapping[str, Any]


class Encodes:
    """The trials and probes of one picture, and the bytes of the best trial so far.

    Attributes:
        source: the picture at its full size, in the codec's mode.
        picture: what is encoded: the source or a smaller version of it.
        part: its sample, from which it is judged.
        codec: as it suits the picture, the effort and the user's options.
        trials, probes: all encodes made, in order.
        floored: whether the floor on the score was above what fits.
        picture_data: the file of the picture alone, without what is carried beside it.
        data, rung, setting: the highest rung known to fit; while none does, the smallest encoding known.
    """

    def __init__(
        self, codec: Codec, picture: Image.Image | Frames, order: Order, carried: Mapping[str, Any], beside: Beside
    ) -> None:
        """Take the prepared `picture`, its metadata as save options, and what is to stand beside it in the file."""
        self.source = self.picture = picture
        self.part = sample(codec, picture)
        self.codec = with_options(suited(codec, self.part), order.effort, order.coding)
        self.codec = self.codec.tailored(self.codec)
        self.order = order
        self.carried = carried
        self.beside = beside
        self.trials: list[Trial] = []
        self.probes: list[Trial] = []
        self.data = self.picture_data = b""
        self.floored = False
        self.rung = order.first
        self.setting: Mapping[str, Any] = {}
        weight = metadata.weigh(codec, picture.mode, self._setting(order.first), carried)
        self.overhead = weight + beside.weight

    @property
    def fits(self) -> bool:
        """Whether the kept encoding is within the room."""
        return self.data != b"" and self._within(len(self.data))

    def fit(self) -> Found:
        """Search the ladder; afterwards `data` holds the answer, or the floor's encoding if there is none."""
        body = self.order.room - self.overhead
        if body < 1:
            return Found(None, proven=True, sizes={self.order.first: self._measure(self.order.first)})
        enough = max(1, ceil(self.order.room * (1 - self.order.slack)) - self.overhead)
        seeded = seed(
            self.codec,
            self.picture,
            self.part,
            budget=body,
            enough=enough,
            first=self.order.first,
            last=self.order.last,
        )
        self.probes += seeded.probes
        last = self.order.last
        if self.order.slack and seeded.last is not None:
            last = min(last, seeded.last)
        # Without slack only the proof that the next rung is over ends the search, whatever the bytes.
        found = search(
            self._measure,
            seeded.curve if last == len(self.codec.ladder) - 1 else seeded.curve[: last + 1],
            body,
            enough=enough if self.order.slack else None,
            first=self.order.first,
            start=None if seeded.start is None else min(seeded.start, last),
        )
        return found if last == self.order.last else replace(found, proven=found.proven and found.rung != last)

    def fit_lossless(self) -> Found | None:
        """Keep every pixel where that fits, and say so; None where it does not, or is not worth a trial.

        What it took is among the probes: the search that follows has a ladder of its own.
        """
        body = self.order.room - self.overhead
        if body < 1:
            return None
        worthwhile, probe = lossless_probe(self.codec, self.picture, self.part, budget=body)
        self.probes.append(probe)
        if not worthwhile:
            return None
        lossy, order = self.codec, self.order
        self.codec = with_options(lossy.without_loss(), order.effort, order.coding)
        self.order = replace(order, first=0, last=0)
        size = self._measure(0)
        if self.fits:
            return Found(0, proven=True, sizes={0: size})
        self.codec, self.order, self.data = lossy, order, b""
        self.rung = order.first
        return None

    def scale_for_looks(self, least: int, most: float) -> None:
        """Go on at the scale predicted to look best when shown at full size: `least` pixels wide, the scale `most`."""
        size = self.codec.largest_size(self.source.size)
        body = self.order.room - self.overhead
        if body > 0:
            first, shown = (
                (self.picture.first, len(self.picture.pictures))
                if isinstance(self.picture, Frames)
                else (self.picture, 1)
            )
            scale = best_scale(self.codec, first, body // shown)
            size = min(size, self._scaled(scale, least))
        size = min(size, self._scaled(most, 1))
        if size != self.source.size:
            self.scale_down(size)

    def larger_size(self, most: float) -> tuple[int, int] | None:
        """Return dimensions nearer to the source's where the finest rung leaves much of the budget unused, or None."""
        unused = len(self.data) < (1 - self.order.slack) * self.order.room
        if not (unused and self.fits and self.rung == self.order.last):
            return None
        grown = self.picture.width / self.source.width * sqrt(self.order.room / len(self.data))
        size = min(self._scaled(min(grown, most), 1), self.codec.largest_size(self.source.size))
        return size if size > self.picture.size else None

    def smaller_size(self, least: int) -> tuple[int, int] | None:
        """Return dimensions at which the budget should be within reach, or None when none are `least` wide.

        A file shrinks roughly with its pixels; where that was too hopeful the next call goes on from there.
        """
        body, smallest = self.order.room - self.overhead, len(self.data) - self.overhead
        if body < 1 or max(self.picture.size) == 1 or self.picture.width <= least:
            return None
        factor = min(0.9, sqrt(_FLOOR_FILL * body / max(1, smallest)))
        return self._scaled(max(self.picture.size) / max(self.source.size) * factor, least)

    def scale_down(self, size: tuple[int, int]) -> None:
        """Go on with the picture at `size` pixels."""
        from PIL.Image import Resampling

        self.picture = self.source.resize(size, Resampling.LANCZOS, reducing_gap=3.0)
        self.part = sample(self.codec, self.picture)
        self.carried = metadata.with_dimensions(self.carried, size)
        self.data = b""

    def drop_frames(self) -> bool:
        """Go on with every second frame, shown for longer, and say whether there were enough for that."""
        if not isinstance(self.picture, Frames) or not self.picture.animated or len(self.picture.pictures) < _FEWEST:
            return False
        self.source = self.picture = self.picture.halved()
        self.data = b""
        return True

    def raise_to_score(self, least: float) -> float:
        """Return the SSIMULACRA2 score of the answer; if it is below `least`, go up to the first rung that reaches it.

        That rung, or the highest there is, then is the answer, whether it fits or not.
        """
        score = self._score()
        if score >= least:
            return score
        self.floored = True
        low, high = self.rung + 1, self.order.last
        while low <= high:
            rung = (low + high) // 2
            self._measure(rung, wanted=True)
            score = self._score()
            if score >= least:
                high = rung - 1
            else:
                low = rung + 1
        if self.rung != low and low <= self.order.last:
            self._measure(low, wanted=True)
            score = self._score()
        return score

    def unreachable(
        self,
        name: str,
        *,
        floor: float | None,
        min_score: float | None,
        score: float | None,
        resize: bool,
        elsewhere: str,
    ) -> BudgetUnreachable:
        """Return the error that says how small the picture can be made, and what would help."""
        facts: dict[str, Any] = {
            "width": self.picture.width,
            "height": self.picture.height,
            "quality": self.codec.ladder[self.rung],
            "metadata_bytes": self.overhead,
            "floor": floor,
            "min_score": min_score if self.floored else None,
            "score": score,
            "name": name,
        }
        smallest, ways = len(self.data), []
        if self.overhead > self.order.room / 4:
            ways.append("strip metadata")
        if floor is not None and self.order.first > 0:
            ways.append("lower the quality floor")
        if self.floored:
            ways.append("lower the score floor")
        if smallest <= self.order.budget and not self.floored:
            ways.append("ask for no exact size: padding needs some room")
        if not resize and not self.floored and (size := self._fitting_size()):
            scale = max(size) / max(self.source.size)
            ways.append(f"allow resize ({size[0]}x{size[1]}, scale {scale:.2g}, fits)")
        if not (self.floored and smallest <= self.order.budget):
            ways.append("or raise the budget" if ways else "raise the budget")
        return BudgetUnreachable(self.order.budget, smallest, **facts, way_out=", ".join(ways), elsewhere=elsewhere)

    def _fitting_size(self) -> tuple[int, int] | None:
        """Return dimensions at which the floor was seen to fit, or None when there are none."""
        while (size := self.smaller_size(1)) is not None:
            self.scale_down(size)
            self._measure(self.order.first)
            if self.fits:
                return size
        return None

    def _scaled(self, scale: float, least: int) -> tuple[int, int]:
        """Return the dimensions of the source at a scale, to the pixel, or at `least` pixels wide; never enlarged."""
        share = min(1.0, max(scale, least / self.source.width if least > 1 else 0.0))
        return max(1, round(self.source.width * share)), max(1, round(self.source.height * share))

    def _score(self) -> float:
        """Return the score of the answer; of frames the mean of some."""
        with open_image(BytesIO(self.picture_data)) as version:
            return score_of(self.source, frames_of(version) if isinstance(self.source, Frames) else version)

    def _setting(self, rung: int) -> dict[str, Any]:
        return self.codec.setting(self.codec.ladder[rung], self.picture.mode)

    def _measure(self, rung: int, *, wanted: bool = False) -> int:
        """Encode a rung in full, keep it if it is the best so far or `wanted`, and return the bytes of its body."""
        setting = self._setting(rung)
        alone, trial = encode_timed(self.codec, self.picture, setting, self.carried)
        data = self.beside.put(alone)
        self.trials.append(Trial(setting, len(data), trial.seconds))
        fits = self._within(len(data))
        better = rung > self.rung or not self.fits if fits else not self.fits and len(data) < len(self.data)
        if better or wanted or not self.data:
            self.picture_data, self.data, self.rung, self.setting = alone, data, rung, setting
        # A size between room and budget cannot be padded to be exact: it counts as over. The budget itself needs none.
        size = self.order.room if len(data) == self.order.budget else len(data)
        return max(1, size - self.overhead)

    def _within(self, size: int) -> bool:
        return size <= self.order.room or size == self.order.budget


def score_of(source: Image.Image | Frames, version: Image.Image | Frames) -> float:
    """Return the SSIMULACRA2 score of a version; of frames the mean of some.

    Raises:
        UnsupportedImage, ConfigError: see `bytefit.pictures.scores.ssimulacra2_score`.
    """
    if not isinstance(source, Frames) or not isinstance(version, Frames):
        return ssimulacra2_score(*(one.first if isinstance(one, Frames) else one for one in (source, version)))
    step = ceil(len(source.pictures) / _SCORED_FRAMES)
    pairs = list(zip(source.pictures[::step], version.pictures[::step], strict=False))
    return sum(ssimulacra2_score(*pair) for pair in pairs) / len(pairs)
