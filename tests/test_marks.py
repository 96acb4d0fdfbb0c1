"""What the marks of tests promise."""

import socket
import subprocess
import sys

import pytest


def test_a_test_that_is_not_marked_real_opens_no_port_and_starts_no_process() -> None:
    with socket.socket() as free, pytest.raises(AssertionError, match="is marked `real`"):
        free.bind(("127.0.0.1", 0))
    with pytest.raises(AssertionError, match="is marked `real`"):
        subprocess.run([sys.executable, "-V"], check=True)


@pytest.mark.real
def test_one_that_is_may() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
    subprocess.run([sys.executable, "-V"], check=True, stdout=subprocess.DEVNULL)
