"""What tells one version of a file from another."""

from __future__ import annotations

from typing import NamedTuple


class SourceChanged(Exception):  # noqa: N818  (a fact, not a fault)
    """A file that is not the one that was listed or read."""


class Stamp(NamedTuple):
    """What tells one version of a file from another; None where the storage does not say.

    Attributes:
        size: its bytes.
        mtime: when it was last modified, in seconds since 1970.
        etag: what an object store calls this version.
    """

    size: int | None = None
    mtime: float | None = None
    etag: str | None = None

    def differs(self, other: Stamp) -> bool:
        """Return whether two stamps are those of different files."""
        return any(
            mine is not None and theirs is not None and mine != theirs for mine, theirs in zip(self, other, strict=True)
        )

    def __bool__(self) -> bool:
        return any(value is not None for value in self)
