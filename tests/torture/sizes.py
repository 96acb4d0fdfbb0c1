"""Short or long: every attack is written once, and its size comes from here."""

import os
import secrets
from typing import TypeVar

import pytest

T = TypeVar("T")

LONG = os.environ.get("TORTURE") == "long"
# The short forms do the same each time; a long one names its seed, with which it can be repeated.
SEED = int(os.environ.get("TORTURE_SEED") or (secrets.randbits(32) if LONG else 1))


def sized(short: T, long: T) -> T:
    """The one that is wanted."""
    return long if LONG else short


def at_most_s(long_s: int) -> pytest.MarkDecorator:
    """How long the long form may take before it counts as hung; a short one has the usual time."""
    return pytest.mark.timeout(long_s if LONG else 60)
