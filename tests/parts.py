"""Programs that only some tests need."""

import os
import shutil

import pytest


def need(program: str) -> None:
    """Leaves the test out where a program is missing; in CI (the variable CI is set) it fails."""
    if shutil.which(program) is not None:
        return
    reason = f"left out: there is no {program} here (Debian: apt-get install {program})"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
