"""Where the data files shipped with bytefit are: models and quantisation tables. It does not know what they hold."""

from __future__ import annotations

from pathlib import Path


def models_folder() -> Path:
    """Return the folder of the shipped models: inside the installed package, or at the top of a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "models"
    return installed if installed.is_dir() else package.parent.parent / "models"
