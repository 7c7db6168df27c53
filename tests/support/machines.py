"""Images of diskimage-builder booted under emulation: reached over SSH on loopback, and reaching nothing."""

import json
import pathlib
import shutil
import socket
import subprocess
import time
import unittest

LOOPBACK = "127.0.0.1"
# In the network of qemu.  Its DHCP gives 10.0.2.15: another address is the config drive's doing.
ADDRESS = "10.0.2.77"
PREFIX = 24
NETMASK = "255.255.255.0"
GATEWAY = "10.0.2.2"
MAC = "52:54:00:7e:57:0d"

_COMMANDS = ("qemu-system-x86_64", "genisoimage", "setpriv", "ssh", "ssh-keygen", "tar")
# Emulation, which all machines have: KVM may be missing, and may be there and not work.
_HARDWARE = (
    *("-machine", "q35,accel=tcg", "-cpu", "qemu64", "-smp", "2", "-m", "1024"),
    *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
    # Keys are made when the machine boots.
    *("-device", "virtio-rng-pci"),
)
# A kernel that gives up ends the machine, as of -no-reboot.
_KERNEL_WORDS = "root=LABEL=cloudimg-rootfs ro console=ttyS0 panic=-1 TERM=dumb"
_CONSOLE_LINES = 150


class MachineError(AssertionError):
    """A machine did not do what the test needs."""


class Machine:
    """A context manager: a machine runs while it is entered, from a disk that it writes to.

    :param pathlib.Path folder: of the machine's own: the log of its console is written there.
    :param Build image: in the formats raw and tar.
    :param pathlib.Path drive: an ISO image, as of :func:`config_drive`.
    :param pathlib.Path key: lets its root in.
    """

    def __init__(self, folder, image, drive, key):
        self.port = _free_port()
        self._key = key
        self._log = folder / "console.log"
        kernel, initrd = _kernel(image, folder)
        # restrict: nothing that the machine sends reaches this one or the network; answers do.
        network = f"user,id=net,restrict=on,hostfwd=tcp:{LOOPBACK}:{self.port}-{ADDRESS}:22"
        self._argv = [
            # It is not to outlive the tests where they are killed.
            *("setpriv", "--pdeathsig", "KILL", "--", "qemu-system-x86_64", *_HARDWARE),
            *("-kernel", str(kernel), "-initrd", str(initrd), "-append", _KERNEL_WORDS),
            *("-drive", f"file={image.raw},format=raw,if=virtio,cache=unsafe"),
            *("-drive", f"file={drive},format=raw,if=virtio,readonly=on"),
            *("-netdev", network, "-device", f"virtio-net-pci,netdev=net,mac={MAC},romfile="),
            *("-serial", f"file:{self._log}"),
        ]

    def __enter__(self):
        with open(self._log.with_name("qemu.log"), "wb") as output:
            self._process = subprocess.Popen(
                self._argv, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
        return self

    def __exit__(self, *_):
        # By its pid, and without manners: nothing of the disk is wanted.
        self._process.kill()
        self._process.wait()

    def wait_for_ssh(self, seconds=600):
        """Wait until its sshd speaks.

        :param float seconds: after which it is given up.
        :raises MachineError: with what it said, where it ended or does not speak in time.
        """
        end = time.monotonic() + seconds
        while not self._greets():
            if self._process.poll() is not None:
                raise MachineError(f"qemu ended with {self._process.returncode}:\n{self.console()}")
            if time.monotonic() > end:
                raise MachineError(f"no sshd after {seconds} seconds:\n{self.console()}")
            time.sleep(0.5)

    def _greets(self):
        # qemu itself accepts, whether the machine listens or not.
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=5) as connection:
                return connection.recv(4) == b"SSH-"
        except OSError:
            return False

    def run(self, words, timeout=300):
        """Run words of a shell as root, let in by the key; return what they print.

        :param float timeout: seconds after which the connection is ended.
        :raises MachineError: where they failed, or the machine did not let us in.
        """
        options = ("IdentitiesOnly=yes", "BatchMode=yes", "StrictHostKeyChecking=no", "LogLevel=ERROR")
        argv = ["ssh", "-F", "/dev/null", "-i", str(self._key), "-p", str(self.port)]
        argv += [word for option in (*options, "UserKnownHostsFile=/dev/null") for word in ("-o", option)]
        done = subprocess.run(
            [*argv, f"root@{LOOPBACK}", "--", words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=timeout,
        )
        if done.returncode:
            raise MachineError(f"{words!r} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def console(self):
        """Return the last lines of its serial console, and what qemu itself said."""
        logs = (self._log, self._log.with_name("qemu.log"))
        text = "".join(path.read_text(encoding="utf-8", errors="replace") for path in logs if path.exists())
        return "\n".join(text.splitlines()[-_CONSOLE_LINES:])


def require():
    """Skip the test where it cannot have machines.

    :raises unittest.SkipTest: with the reason.
    """
    for command in _COMMANDS:
        if shutil.which(command) is None:
            raise unittest.SkipTest(f"no {command} command to boot images with")


def config_drive(folder, hostname, public_key):
    """Make a config drive as OpenStack's nova does, with the address above; return the ISO image.

    :param pathlib.Path folder: an empty folder.
    :param str public_key: a line of ``authorized_keys``.
    :rtype: pathlib.Path
    """
    link = {"id": "tap0", "type": "phy", "ethernet_mac_address": MAC, "mtu": 1500}
    route = {"network": "0.0.0.0", "netmask": "0.0.0.0", "gateway": GATEWAY}
    network = {"id": "network0", "link": "tap0", "type": "ipv4", "ip_address": ADDRESS, "netmask": NETMASK}
    latest = folder / "drive" / "openstack" / "latest"
    latest.mkdir(parents=True)
    data = {
        "meta_data.json": {"name": hostname, "hostname": hostname, "public_keys": {"drive": public_key}},
        "network_data.json": {"links": [link], "networks": [dict(network, routes=[route])], "services": []},
    }
    for name, content in data.items():
        (latest / name).write_text(json.dumps(content))
    made = folder / "config-2.iso"
    argv = ["genisoimage", "-quiet", "-volid", "config-2", "-joliet", "-rock", "-output", str(made)]
    subprocess.run([*argv, str(folder / "drive")], check=True)
    return made


def _kernel(image, folder):
    """Return the kernel and the initial RAM disk of an image, unpacked from its tar archive."""
    argv = ["tar", "--extract", f"--file={image.tar}", f"--directory={folder}", "--wildcards"]
    subprocess.run([*argv, "./boot/vmlinuz-*", "./boot/initrd.img-*"], check=True)
    (kernel,) = pathlib.Path(folder, "boot").glob("vmlinuz-*")
    (initrd,) = pathlib.Path(folder, "boot").glob("initrd.img-*")
    return kernel, initrd


def _free_port():
    # Another process may take it before qemu does, which then ends and says so.
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        return listener.getsockname()[1]
