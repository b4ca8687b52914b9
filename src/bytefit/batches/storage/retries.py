"""Storage that fails for a moment: a call is made again after a pause, and what was wrong is said without secrets."""

from __future__ import annotations

import random
import re
import time
from typing import TYPE_CHECKING, TypeVar

from bytefit.batches.storage.stamps import SourceChanged
from bytefit.messages import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

# s3fs itself tries five times within a call. The pauses are drawn at random, so that a thousand workers do not come
# back at the same moment ("full jitter", AWS Architecture Blog, 2015).
TRIES, PAUSE = 3, 0.4

# What another try does not change.
_FINAL = (SourceChanged, FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError, FileExistsError)

# Keys and signatures in the addresses and headers that an error may quote.
_SECRETS = re.compile(
    r"(?i)((?:signature|credential|security-token|access_?key(?:_?id)?|secret(?:_?access)?_?key|password|token|sig)"
    r"['\"]?\s*[=:]\s*['\"]?)[^&\s'\",;)]+|(?<=://)[^/\s@]+:[^/\s@]+(?=@)|\bA[KS]IA[A-Z0-9]{12,}"
)


def retried(call: Callable[[], T]) -> T:
    """Return what a call to a storage returns, after some tries.

    Raises:
        Exception: what the last try raised.
    """
    for tried in range(1, TRIES):
        try:
            return call()
        except _FINAL:
            raise
        except Exception:  # noqa: BLE001  (a storage raises what its libraries raise)
            time.sleep(random.uniform(0, PAUSE * 2**tried))
    return call()


def reason_of(error: BaseException) -> str:
    """Return what was wrong, on one line, without keys and passwords."""
    text = str(error) or type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        text = error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"
    return one_line(_SECRETS.sub(lambda found: f"{found[1] or ''}...", text))[:300]
