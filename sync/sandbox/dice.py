"""Repeatable chance: the same seed and topic give the same sequence on every machine."""

import random


def dice(seed: int, *topic: str | int) -> random.Random:
    """Return a sequence of chance of its own for each topic, so that a change in one leaves the others as they were."""
    return random.Random("/".join(map(str, (seed, *topic))))  # noqa: S311 practice data, no secret hangs on it
