"""What a worker is held to while it works, and what it is afterwards."""

from __future__ import annotations

from contextlib import ExitStack

from PIL import AvifImagePlugin

from bytefit.batches.limits import threads_held


def test_blocks_that_overlap_give_the_threads_back_at_the_last_end():
    """Threads of one process begin and end their shards in any order; AVIF then has the threads it had before."""
    before = AvifImagePlugin.DEFAULT_MAX_THREADS
    first, second = ExitStack(), ExitStack()

    first.enter_context(threads_held)
    second.enter_context(threads_held)
    first.close()
    held = AvifImagePlugin.DEFAULT_MAX_THREADS
    second.close()

    assert held == 1
    assert before == AvifImagePlugin.DEFAULT_MAX_THREADS
