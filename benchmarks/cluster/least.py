"""Costs that explain what was measured: least squares, none of them below zero."""

from collections.abc import Mapping, Sequence

ROUNDS = 5000


def explain(counts: Sequence[Mapping[str, float]], measured: Sequence[float]) -> dict[str, float]:
    """What each thing costs, where a run did so many of each and took so much in all.

    Each run counts alike, however long it took: what is made small is the relative error.
    """
    names = list(dict.fromkeys(name for row in counts for name in row))
    rows = [
        [row.get(name, 0.0) / value for name in names]
        for row, value in zip(counts, measured, strict=True)
    ]
    costs = [0.0] * len(names)
    squares = [sum(row[at] ** 2 for row in rows) for at in range(len(names))]
    rest = [1.0] * len(rows)
    # One cost after the other, each the best beside the others, until they stay.
    for _ in range(ROUNDS):
        for at, square in enumerate(squares):
            if not square:
                continue
            step = sum(row[at] * r for row, r in zip(rows, rest, strict=True)) / square
            better = max(0.0, costs[at] + step)
            change, costs[at] = better - costs[at], better
            rest = [r - change * row[at] for row, r in zip(rows, rest, strict=True)]
    return dict(zip(names, costs, strict=True))
