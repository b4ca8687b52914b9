"""Select the files of a command: named files, files in folders, staged files, files changed between commits.

It yields names and reads no content. It does not enter submodules or follow links out of the tree.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from bytefit.budgets.image_files import has_image_suffix, walk
from bytefit.budgets.repository import is_below, repository_top
from bytefit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence


class Selection(NamedTuple):
    """The selection on the command line.

    Attributes:
        paths: files and folders; empty for all files that git tracks here, or all files without git.
        staged: only files that the next commit would add or change.
        from_ref, to_ref: only files that were added or changed between two commits.
    """

    paths: tuple[str, ...] = ()
    staged: bool = False
    from_ref: str | None = None
    to_ref: str | None = None


class Candidate(NamedTuple):
    """A file to check.

    Attributes:
        path: the path to open and to show.
        blob: the git object with the content to check; None to check the file itself.
        named: whether the file was named on its own and so must exist.
        error: why the file or folder cannot be read, or None.
    """

    path: str
    blob: str | None = None
    named: bool = False
    error: OSError | None = None


def select(selection: Selection) -> Iterator[Candidate]:
    """Yield every selected file once, in order.

    Raises:
        FileNotFoundError: if there is no file or folder of a given name.
        ConfigError: if git is needed and cannot list the files.
    """
    if selection.staged or selection.from_ref is not None:
        yield from _changed(selection)
        return
    if not selection.paths:
        errors: list[OSError] = []
        yield from map(Candidate, whole_tree(os.getcwd(), errors.append))
        yield from (Candidate(os.path.relpath(error.filename), error=error) for error in errors)
        return
    seen: set[str] = set()
    for candidate in _found(selection.paths):
        place = os.path.abspath(candidate.path)
        if place not in seen:
            seen.add(place)
            yield candidate


def whole_tree(base: str, on_error: Callable[[OSError], object] | None = None) -> Iterator[str]:
    """Yield all images below `base` that git tracks, relative to `base`; without git, all images in the folder.

    Without git, `on_error` is called with the error of each folder that cannot be listed.
    """
    if repository_top(base) is None:
        yield from (os.path.relpath(path, base) for path in walk(base, on_error))
        return
    yield from _tracked_images(base)


def escapes_tree(tree: str, path: str) -> bool:
    """Return whether a path inside the folder `tree` resolves to a place outside it, through a symbolic link."""
    return is_below(tree, os.path.abspath(path)) and not is_below(os.path.realpath(tree), os.path.realpath(path))


def _found(paths: Sequence[str]) -> Iterator[Candidate]:
    here = os.getcwd()
    tree = repository_top(here) or here
    for path in paths:
        if os.path.isdir(path) and not escapes_tree(tree, path):
            errors: list[OSError] = []
            yield from map(Candidate, _in_folder(path, errors.append))
            yield from (Candidate(error.filename.removeprefix(f".{os.sep}"), error=error) for error in errors)
        else:
            yield Candidate(path, named=True, error=_error_of(path))


def _error_of(path: str) -> OSError | None:
    """Return the reason why a named file cannot be read, or None.

    Raises:
        FileNotFoundError: if there is no such name. A misspelt command must not do half of its work.
    """
    try:
        os.stat(path)
    except FileNotFoundError as error:
        if not os.path.islink(path):
            raise
        return FileNotFoundError(
            error.errno, f"it is a symbolic link to {os.readlink(path)!r}, which does not exist", path
        )
    except OSError as error:
        return error
    return None


def _in_folder(folder: str, on_error: Callable[[OSError], object]) -> Iterable[str]:
    """Return the images in a folder; in a git repository, those that git tracks or would add.

    A folder that git ignores is searched without git.
    """
    top = repository_top(os.path.abspath(folder))
    if top is None:
        return (path.removeprefix(f".{os.sep}") for path in walk(folder, on_error))
    from bytefit.budgets.git import is_ignored

    if os.path.abspath(folder) != top and is_ignored(".", folder):
        # Somebody named a folder of build products.
        return (path.removeprefix(f".{os.sep}") for path in walk(folder, on_error))
    names = sorted(_tracked_images(folder, untracked=True))
    return names if folder in {".", ""} else (os.path.join(folder, name) for name in names)


def _tracked_images(folder: str, *, untracked: bool = False) -> Iterator[str]:
    """Yield the images that git tracks below a folder, except behind a folder that was replaced by a link."""
    from bytefit.budgets.git import tracked

    real = {"": True}

    def is_real(inside: str) -> bool:
        if inside not in real:
            above = inside.rpartition(os.sep)[0]
            real[inside] = is_real(above) and not os.path.islink(os.path.join(folder, inside))
        return real[inside]

    for name in tracked(folder, untracked=untracked):
        if has_image_suffix(name) and is_real(name.rpartition(os.sep)[0]):
            yield name


def _changed(selection: Selection) -> Iterator[Candidate]:
    from bytefit.budgets.git import changed_between, staged

    here = os.getcwd()
    top = repository_top(here)
    if top is None:
        raise ConfigError(
            f"{here} is not in a git repository, so --staged and --from-ref do not work here: name files or folders"
        )
    if selection.staged:
        changes = staged(top)
    else:
        changes = changed_between(top, selection.from_ref or "", selection.to_ref or "HEAD")
    wanted = [os.path.abspath(path) for path in selection.paths]
    for change in sorted(changes):
        path = os.path.join(top, change.name)
        among = not wanted or any(is_below(one, path) for one in wanted)
        if among and has_image_suffix(change.name):
            yield Candidate(change.name if top == here else os.path.relpath(path, here), blob=change.blob)
