"""TCP ports of this machine: find a free one, tell whether one is taken."""

from __future__ import annotations

import socket

from workflows.domain.errors import Conflict


def free_port(host: str = "127.0.0.1") -> int:
    """A port nobody listens on now; another program may still take it first."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def is_taken(host: str, port: int) -> bool:
    """Whether a listener could not be opened there. Port 0 (any) is never taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As servers do: a connection that lingers from the last run does not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


class PortTaken(Conflict):
    code = "PORT_TAKEN"


def demand_free(host: str, port: int) -> None:
    """
    Raises:
        PortTaken: somebody listens there; the message says how to choose another.
    """
    if is_taken(host, port):
        raise PortTaken(f"port {port} on {host} is taken; choose another one, for example PORT={port + 1}")
