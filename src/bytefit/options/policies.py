"""Metadata policies: "keep", "strip", all but some groups ("keep-gps-serial"), or some groups ("orientation+icc")."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

GROUPS = (
    *("orientation", "icc", "resolution", "copyright", "date", "camera", "serial", "gps", "thumbnail", "makernote"),
    *("xmp", "iptc", "text", "comment"),
)

_KEEP, _STRIP = "keep", "strip"


class Policy(NamedTuple):
    """What a policy keeps.

    Attributes:
        others: whether it keeps what it does not name.
        named: the groups that it names, which stay or go.
    """

    others: bool
    named: frozenset[str]

    def keeps(self, *groups: str) -> bool:
        """Return whether something stays that belongs to these groups: its own, and that of the block it stands in."""
        return self.others != any(group in self.named for group in groups)


@lru_cache
def parse_policy(text: str) -> Policy | None:
    """Return what a policy keeps, or None if it is no policy."""
    if text in {_KEEP, _STRIP}:
        return Policy(text == _KEEP, frozenset())
    first, *rest = text.split("-") if text.startswith(f"{_KEEP}-") else ("", *text.split("+"))
    named = frozenset(rest)
    return Policy(first == _KEEP, named) if named <= set(GROUPS) else None


def policy_of(text: str) -> Policy:
    """Return what a policy keeps that was checked before.

    Raises:
        ValueError: if it was not.
    """
    policy = parse_policy(text)
    if policy is None:
        raise ValueError(text)
    return policy
