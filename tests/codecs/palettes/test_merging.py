"""Merges of clusters: always the pair that costs least, whatever the order in which they are looked for."""

from __future__ import annotations

from random import Random

import pytest

from bytefit.codecs.palettes.merging import merges


def cost(one, other):
    """Return the growth of the sum of squared errors (Ward) if two clusters are merged."""
    (w, *p), (n, *q) = one, other
    return w * n / (w + n) * sum((a - b) ** 2 for a, b in zip(p, q, strict=True))


def merges_of_all_pairs(clusters):
    """Return the merges that comparing every pair in every step gives."""
    live, made = dict(enumerate(clusters)), []
    while len(live) > 1:
        _, kept, gone = min((cost(live[i], live[j]), i, j) for i in live for j in live if i < j)
        (w, *p), (n, *q) = live[kept], live.pop(gone)
        live[kept] = (w + n, *((w * a + n * b) / (w + n) for a, b in zip(p, q, strict=True)))
        made.append((kept, gone))
    return made


def random_clusters(seed, *, alphas, most_pixels):
    """Return 40 clusters: the number of pixels, three coordinates, and one of some alphas."""
    random = Random(seed)
    return [
        (random.randint(1, most_pixels), *(random.uniform(0, 255) for _ in range(3)), random.choice(alphas))
        for _ in range(40)
    ]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("alphas", [[204.0], [0.0, 20.0, 90.0, 204.0]], ids=["opaque", "translucent"])
@pytest.mark.parametrize("most_pixels", [1, 100, 1_000_000])
def test_the_cheapest_pair_is_merged(seed, alphas, most_pixels):
    """A nearest cluster that is missed costs error in every palette that follows."""
    clusters = random_clusters(seed, alphas=alphas, most_pixels=most_pixels)

    assert list(merges(clusters)) == merges_of_all_pairs(clusters)


@pytest.mark.parametrize(
    "clusters",
    [
        [(1, float(level), float(level), float(level), 204.0) for level in range(32)],
        [(4, 10.0 * (at % 5), 10.0 * (at // 5), 0.0, 204.0) for at in range(25)],
        [(2, 7.0, 7.0, 7.0, 204.0)] * 9,
    ],
    ids=["ramp", "grid", "equal"],
)
def test_of_equal_costs_the_earliest_clusters_come_first(clusters):
    """A palette must not depend on how its clusters are looked for."""
    assert list(merges(clusters)) == merges_of_all_pairs(clusters)


@pytest.mark.parametrize("clusters", [[], [(1, 2.0, 3.0, 4.0, 204.0)]], ids=["none", "one"])
def test_there_may_be_nothing_to_merge(clusters):
    """An image of one colour, or without a visible pixel."""
    assert list(merges(clusters)) == []
