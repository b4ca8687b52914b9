"""What the benchmark of the search leaves out, because it tells nothing about the models."""

from __future__ import annotations

import pytest

pytest.importorskip("sklearn")

from bytefit.benchmarks.strategies import Case
from bytefit.codecs.webp.codec import WEBP
from bytefit.training.drift import measured
from images import photograph, screenshot


@pytest.mark.parametrize("budget", [900, 4000])
def test_a_file_without_loss_or_next_to_none_is_no_case(budget):
    """Its rung is on another ladder, so that a prediction has nothing to say about it."""
    assert Case(WEBP, screenshot((160, 120)), budget).with_bytefit() is None


def test_a_lossy_file_is_a_case():
    """Its trials and the error of the prediction count."""
    answer = Case(WEBP, photograph((96, 64)), 2000).with_bytefit()

    assert answer is not None
    assert answer.trials >= 1


def test_models_are_not_judged_by_files_without_loss():
    """Screenshots at a bit a pixel are such files as WebP; `models --check` fits those of the user, too."""
    assert measured("WEBP", [screenshot((160, 120))]) is None
    assert measured("WEBP", [screenshot((160, 120)), photograph((96, 64))]) is not None
