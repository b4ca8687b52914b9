"""Paths and URIs: which are refused, what lies in what, and where a job lies by default."""

from __future__ import annotations

import os
import posixpath
import re
from urllib.parse import urlsplit

from bytefit.errors import ConfigError
from bytefit.messages import shown

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(?:://|::)")
_JOB = ".bytefit-job"


def is_uri(place: str) -> bool:
    """Return whether a place is a URI of fsspec, not a path."""
    return _SCHEME.match(place) is not None


def checked_place(place: str | os.PathLike[str]) -> str:
    """Return a folder as text: an absolute path, or a URI without the slash at its end.

    Raises:
        ConfigError: if a URI holds a password, which would be written to the job folder.
    """
    text = os.fspath(place)
    if not is_uri(text):
        return os.path.realpath(text)
    if text.startswith("file://"):
        return os.path.realpath(text.removeprefix("file://"))
    if "@" in urlsplit(text).netloc and ":" in urlsplit(text).netloc.partition("@")[0]:
        scheme = text.partition("://")[0]
        raise ConfigError(
            f"the {scheme}:// URI holds a password, which would be written to the job folder: "
            "give it by the environment or a configuration file of the storage"
        )
    return text if text.endswith("://") else text.rstrip("/")


def shown_place(place: str) -> str:
    """Return a place for people: a path below the current folder without that folder."""
    here = os.getcwd()
    if is_uri(place) or place == here or not holds(here, place):
        return place
    return os.path.relpath(place, here)


def default_job(place: str) -> str:
    """Return where the job of a destination lies: beside it, or in it where it has no place beside."""
    if is_uri(place):
        inside = place.partition("://")[2]
        return place + _JOB if "/" in inside or place.startswith("memory:") else f"{place}/{_JOB}"
    return place + _JOB if os.path.dirname(place) != place else os.path.join(place, _JOB)


def holds(folder: str, place: str) -> bool:
    """Return whether a place is a folder or lies in it."""
    separator = "/" if is_uri(folder) else os.sep
    return place == folder or place.startswith(folder.rstrip(separator) + separator)


def checked_name(name: str) -> str:
    """Return the name of an input with slashes, below the source.

    Raises:
        ConfigError: if it leads out of it.
    """
    clean = posixpath.normpath(name.replace(os.sep, "/"))
    if clean.startswith(("/", "../")) or clean in {".", ".."} or "\0" in clean or re.match(r"[A-Za-z]:", clean):
        raise ConfigError(f"input {shown(name)} is not below the source: its answer would leave the destination")
    return clean
