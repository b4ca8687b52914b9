"""What a file is written with, besides its bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bytefit.batches.storage.stamps import Stamp


class WriteOptions(NamedTuple):
    """What a file is written with.

    Attributes:
        headers: what an object store says of it to browsers, and the user's own metadata; local files have none.
        replaces: the version that it may take the place of; None for any.
        mtime: the modification time to give it; None for now.
        durable: whether a loss of power may not take it back once it is written.
    """

    headers: Mapping[str, Any] = {}
    replaces: Stamp | None = None
    mtime: float | None = None
    durable: bool = True
