"""The encodes of one picture: it makes them, counts them and keeps the bytes of the best.

The state of one `compress` lives here; which rung is tried next is the search's to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt
from typing import TYPE_CHECKING, Any

from bytefit import metadata
from bytefit.codecs import Trial, encode_timed
from bytefit.errors import BudgetUnreachable
from bytefit.search import Found, search
from bytefit.seeding import seed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image

    from bytefit.codecs import Codec

# A picture that has to be made smaller is made small enough for its floor to take this share of the budget, so that
# the search has room for more than the worst quality there is.
_FLOOR_FILL = 0.5


@dataclass(frozen=True, slots=True)
class Order:
    """What one picture is to be fitted to.

    Attributes:
        budget: the most bytes the finished file may have.
        room: the most bytes an encoding may have: the budget less what padding needs.
        slack: the share of the room that may stay unused.
        first: the lowest rung that may be used.
        coding: the user's save options that change how pixels are coded.
    """

    budget: int
    room: int
    slack: float
    first: int
    coding: Mapping[str, Any]


class Encodes:
    """The trials and probes of one picture, and the bytes of the best trial so far.

    Attributes:
        source: the picture at its full size, in the codec's mode.
        picture: what is encoded: the source or a smaller version of it.
        trials, probes: all encodes made, in order.
        data, rung, setting: the highest rung known to fit; while none does, the smallest encoding known.
    """

    def __init__(
        self, codec: Codec, picture: Image.Image, order: Order, carried: Mapping[str, Any], behind: bytes
    ) -> None:
        """Take the prepared `picture`, its metadata as save options, and what is to stand behind it in the file."""
        self.codec = codec
        self.source = self.picture = picture
        self.order = order
        self.carried = carried
        self.behind = behind
        self.trials: list[Trial] = []
        self.probes: list[Trial] = []
        self.data = b""
        self.rung = order.first
        self.setting: Mapping[str, Any] = {}
        weight = metadata.weigh(codec, picture.mode, self._setting(order.first), carried)
        self.overhead = weight + len(behind)

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
            coding=self.order.coding,
            budget=body,
            enough=enough,
            first=self.order.first,
        )
        # Without slack only the proof that the next rung is over ends the search, whatever the bytes.
        return search(
            self._measure,
            seeded.curve,
            body,
            enough=enough if self.order.slack else None,
            first=self.order.first,
            start=seeded.start,
        )

    def smaller_size(self) -> tuple[int, int] | None:
        """Return dimensions at which the budget should be within reach, or None when there are none.

        A file shrinks roughly with its pixels; where that was too hopeful the next call goes on from there.
        """
        body, smallest = self.order.room - self.overhead, len(self.data) - self.overhead
        if body < 1 or max(self.picture.size) == 1:
            return None
        factor = min(0.9, sqrt(_FLOOR_FILL * body / max(1, smallest)))
        scale = max(self.picture.size) / max(self.source.size) * factor
        return max(1, round(self.source.width * scale)), max(1, round(self.source.height * scale))

    def scale_down(self, size: tuple[int, int]) -> None:
        """Go on with the picture at `size` pixels."""
        from PIL.Image import Resampling

        self.picture = self.source.resize(size, Resampling.LANCZOS, reducing_gap=3.0)
        self.carried = metadata.with_dimensions(self.carried, size)
        self.data = b""

    def unreachable(self, name: str, *, floor: float | None, resize: bool) -> BudgetUnreachable:
        """Return the error that says how small the picture can be made, and what would help."""
        ways = []
        if self.overhead > self.order.room / 4:
            ways.append("strip metadata")
        if floor is not None and self.order.first > 0:
            ways.append("lower the quality floor")
        if len(self.data) <= self.order.budget:
            ways.append("ask for no exact size: padding needs some room")
        if not resize and self.overhead < self.order.room:
            ways.append("allow resize")
        return BudgetUnreachable(
            self.order.budget,
            len(self.data),
            width=self.picture.width,
            height=self.picture.height,
            quality=self.codec.ladder[self.rung],
            metadata_bytes=self.overhead,
            floor=floor,
            name=name,
            way_out=", ".join([*ways, "or raise the budget"] if ways else ["raise the budget"]),
        )

    def _setting(self, rung: int) -> dict[str, Any]:
        return {**self.codec.setting(self.codec.ladder[rung], self.picture.mode), **self.order.coding}

    def _measure(self, rung: int) -> int:
        """Encode a rung in full, keep it if it is the best so far, and return the bytes of its body."""
        setting = self._setting(rung)
        data, trial = encode_timed(self.codec, self.picture, setting, self.carried)
        data += self.behind
        self.trials.append(Trial(setting, len(data), trial.seconds))
        fits = self._within(len(data))
        better = rung > self.rung or not self.fits if fits else not self.fits and len(data) < len(self.data)
        if better or not self.data:
            self.data, self.rung, self.setting = data, rung, setting
        # A size between room and budget cannot be padded to be exact: it counts as over. The budget itself needs none.
        size = self.order.room if len(data) == self.order.budget else len(data)
        return max(1, size - self.overhead)

    def _within(self, size: int) -> bool:
        return size <= self.order.room or size == self.order.budget
