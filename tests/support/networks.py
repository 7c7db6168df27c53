"""A network between this machine and one node: nothing else is in it, and it ends with the node.

Addresses are of 198.18.0.0/15, which RFC 2544 sets aside for tests.
"""

import socket
import subprocess
import sys

_HOST = "198.18.{}.1/30"
_NODE = "198.18.{}.2"
# Runs in the node's network: a socket stays in the network that it was made in.
_LISTEN = """
import socket, sys
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(sys.argv[2])))
socket.send_fds(socket.socket(fileno=int(sys.argv[1])), [b"."], [listener.fileno()])
"""


def join(node, number):
    """Connect this machine with a node that was made isolated; return the node's address.

    :param Node node: its namespace is what the network ends with.
    :param int number: of the network, from 0 to 255; names its addresses and its device.
    :rtype: str
    :raises subprocess.CalledProcessError: where the kernel refused.
    """
    device, address = f"testnode{number}", _NODE.format(number)
    _run("ip", "link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", str(node.holder))
    _run("ip", "address", "add", _HOST.format(number), "dev", device)
    _run("ip", "link", "set", device, "up")
    for words in (("link", "set", "lo", "up"), ("address", "add", f"{address}/30", "dev", "eth0")):
        _run(*_inside(node), "ip", *words)
    _run(*_inside(node), "ip", "link", "set", "eth0", "up")
    return address


def listener(node, port):
    """Return a socket that is bound to a port of the node's loopback, for a server of this process.

    :param Node node: one that was made isolated.
    :param int port: of its 127.0.0.1.
    :rtype: socket.socket
    :raises subprocess.CalledProcessError: where the port is taken.
    """
    ours, theirs = socket.socketpair()
    with ours, theirs:
        argv = [*_inside(node), sys.executable, "-c", _LISTEN, str(theirs.fileno()), str(port)]
        subprocess.run(argv, pass_fds=[theirs.fileno()], check=True)
        (made,) = socket.recv_fds(ours, 1, 1)[1]
    return socket.socket(fileno=made)


def _inside(node):
    return ("nsenter", f"--net=/proc/{node.holder}/ns/net", "--")


def _run(*argv):
    subprocess.run(argv, check=True)
