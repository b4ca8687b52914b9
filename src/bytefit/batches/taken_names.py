"""The names of the answers of a job, to find two inputs for one name in constant memory."""

from __future__ import annotations

import sqlite3
from hashlib import blake2b

from bytefit.errors import ConfigError
from bytefit.messages import shown


class TakenNames:
    """The names that were taken. They lie in a temporary file, not in memory."""

    def __init__(self) -> None:
        """Begin with no names."""
        self._names = sqlite3.connect("")  # "" is a temporary database that SQLite keeps on disk once it grows
        self._names.execute("CREATE TABLE names (hash BLOB PRIMARY KEY, input TEXT) WITHOUT ROWID")

    def take(self, output: str, name: str) -> None:
        """Take the name of an answer for an input.

        Raises:
            ConfigError: if another input has taken it.
        """
        key = blake2b(output.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        try:
            self._names.execute("INSERT INTO names VALUES (?, ?)", (key, name.encode("utf-8", "surrogatepass")))
        except sqlite3.IntegrityError:
            (first,) = self._names.execute("SELECT input FROM names WHERE hash = ?", (key,)).fetchone()
            first = first.decode("utf-8", "surrogatepass")
            if first == name:
                raise ConfigError(f"input {shown(name)} is listed twice") from None
            raise ConfigError(
                f"{shown(first)} and {shown(name)} would both be written to {shown(output)}: "
                "rename one, or fit them in two batches with different suffixes"
            ) from None

    def close(self) -> None:
        """Remove the temporary file."""
        self._names.close()
