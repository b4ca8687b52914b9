"""Batches: many images fitted to one budget, by joblib's processes or clusters, on any storage that fsspec knows.

The room is not called `batch`, because `bytefit.batch` is a function: a module of that name would take its place once
it is imported. The room has no engine of its own. joblib runs the shards, fsspec reads and writes, and each image is
fitted as `bytefit.compress_file` fits it.
"""

from __future__ import annotations

from importlib.util import find_spec

from bytefit.errors import ConfigError

for _library in ("joblib", "fsspec"):
    if find_spec(_library) is None:
        raise ConfigError(f"batches need {_library}: pip install 'bytefit[batch]'")
