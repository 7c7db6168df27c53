"""A network between this machine and one node: nothing else is in it, and it ends with the node.

Addresses are of 198.18.0.0/15, which RFC 2544 sets aside for tests.
"""

import subprocess
from typing import NamedTuple

_HOST = "198.18.{}.1"
_NODE = "198.18.{}.2"
# An address of the same network at which nobody is.
_NOBODY = "198.18.{}.3"
_NOBODYS_MAC = "02:00:00:00:00:99"


class Network(NamedTuple):
    """The two ends of a network.

    :param str host: this machine's address in it.
    :param str node: the node's.
    """

    host: str
    node: str


def join(node, number, *, to=None, hole=False):
    """Connect this machine with a node that was made isolated.

    :param Node node: its namespace is what the network ends with.
    :param int number: of the network, from 0 to 255; names its addresses and its device.
    :param str to: one more address of this machine that the node is to reach.
    :param bool hole: let what the node sends elsewhere vanish without an answer; else it is told at once
        that there is no way.
    :rtype: Network
    :raises subprocess.CalledProcessError: where the kernel refused.
    """
    device = f"testnode{number}"
    ends = Network(_HOST.format(number), _NODE.format(number))
    _ip("link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", str(node.holder))
    _ip("address", "add", f"{ends.host}/29", "dev", device)
    _ip("link", "set", device, "up")
    inside = ("nsenter", f"--net=/proc/{node.holder}/ns/net", "--")
    _ip("link", "set", "lo", "up", inside=inside)
    _ip("address", "add", f"{ends.node}/29", "dev", "eth0", inside=inside)
    _ip("link", "set", "eth0", "up", inside=inside)
    if to:
        _ip("route", "add", f"{to}/32", "via", ends.host, inside=inside)
    if hole:
        nobody = _NOBODY.format(number)
        _ip("neighbour", "add", nobody, "lladdr", _NOBODYS_MAC, "dev", "eth0", inside=inside)
        _ip("route", "add", "default", "via", nobody, inside=inside)
    return ends


def _ip(*words, inside=()):
    subprocess.run([*inside, "ip", *words], check=True)
