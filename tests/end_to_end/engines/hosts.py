"""Hosts on one machine: Linux network namespaces on a bridge of their own, each with an address. Needs root."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

__all__ = ["Host", "hosts"]


@dataclass(frozen=True)
class Host:
    """A namespace and its address."""

    name: str
    address: str

    def command(self, *words: str) -> list[str]:
        """Return the command that runs another on this host."""
        return ["ip", "netns", "exec", self.name, *words]


@contextmanager
def hosts(*names: str) -> Iterator[list[Host]]:
    """Make the hosts, which reach each other and nothing else, and remove them.

    Raises:
        subprocess.CalledProcessError: they cannot be made here.

    """
    # Names of interfaces have at most 15 characters.
    tag = f"dc{os.getpid() % 100000}"
    bridge = f"{tag}br"
    made = [Host(f"{tag}-{name}", f"10.213.7.{number}") for number, name in enumerate(names, 1)]
    try:
        # The bridge is in a namespace of its own too: nothing of this machine's network is touched.
        _ip("netns", "add", bridge)
        _ip("-n", bridge, "link", "add", "name", "switch", "type", "bridge")
        _ip("-n", bridge, "link", "set", "switch", "up")
        for number, host in enumerate(made):
            _ip("netns", "add", host.name)
            _ip("-n", host.name, "link", "add", "eth0", "type", "veth", "peer", "name", f"p{number}", "netns", bridge)
            _ip("-n", bridge, "link", "set", f"p{number}", "master", "switch", "up")
            _ip("-n", host.name, "addr", "add", f"{host.address}/24", "dev", "eth0")
            for device in ("lo", "eth0"):
                _ip("-n", host.name, "link", "set", device, "up")
        yield made
    finally:
        for name in (bridge, *(host.name for host in made)):
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
