"""Ports of this machine that nothing listens on."""

import random
import socket

from hubbub.errors import StartError
from hubbub.trial.front import HOST

PORTS = range(24_000, 32_000)
"""Below those that systems give to outgoing connections, which may take one before it is used."""


def free_ports(count: int) -> list[int]:
    """So many of `PORTS`, at random. Raises StartError."""
    ports: list[int] = []
    for port in random.sample(PORTS, len(PORTS)):
        if nothing_at(port):
            ports.append(port)
        if len(ports) == count:
            return ports
    raise StartError(f"From {PORTS.start} to {PORTS.stop} there are no {count} free ports.")


def nothing_at(port: int) -> bool:
    """Whether nothing listens there at the moment."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
