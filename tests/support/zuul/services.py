"""Zuul's services as processes: started in their order, ended by their ids."""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from . import config
from . import keys as keyring

ORDER = ("scheduler", "executor", "launcher", "web")
_JARS = pathlib.Path("/usr/share/java")
_MAIN = "org.apache.zookeeper.server.quorum.QuorumPeerMain"
_FOLDERS = ("logs", "git", "keys", "output", "scheduler", "executor", "launcher", "zookeeper/data")
# What the executor's Ansible imports besides itself: Zuul's plugins.
_ANSIBLES = {"9": "ansible-core~=2.16.0", "11": "ansible-core~=2.18.0"}
_PLUGINS = ("google-re2", "voluptuous", "netaddr", "jmespath")


class ServiceError(AssertionError):
    """A service ended or did not get ready."""


class Zuul:
    """A context manager: a whole Zuul runs while it is entered.

    :param pathlib.Path folder: all that it writes; of the caller's own.
    :param pathlib.Path programs: the folder of ``zuul-scheduler`` and so on.
    :param pathlib.Path ansible: as of :func:`ansible_root`.
    """

    def __init__(self, folder, programs, ansible):
        self.folder = folder
        for name in _FOLDERS:
            (folder / name).mkdir(parents=True)
        self.keys = keyring.make(folder / "keys")
        self.ports = config.Ports(*(_free_port() for _ in config.Ports._fields))
        self._programs = programs
        for name, text in config.zookeeper(folder, self.keys, self.ports).items():
            (folder / "zookeeper" / name).write_text(text)
        base = os.path.realpath(sys.base_prefix)
        # The sockets of ssh are in there, and a path of a socket has few characters.
        self._builds = tempfile.mkdtemp(prefix="b-")
        text = config.zuul(folder, self.keys, self.ports, builds=self._builds, ansible=ansible, python=base)
        (folder / "zuul.conf").write_text(text)
        self._processes = contextlib.ExitStack()
        self.running = {}

    def __enter__(self):
        try:
            classes = [str(self.folder / "zookeeper"), *(str(_JARS / f"{jar}.jar") for jar in config.JARS)]
            java = ["java", "-Xmx256m", "-cp", os.pathsep.join(classes), _MAIN]
            self._start("zookeeper", [*java, str(self.folder / "zookeeper" / "zoo.cfg")])
            self._wait("zookeeper", lambda: _listens(self.ports.zookeeper))
            for service in ORDER:
                program = str(self._programs / f"zuul-{service}")
                self._start(service, [program, "-c", str(self.folder / "zuul.conf"), "-f", "-d"])
            self._wait("web", lambda: _listens(self.ports.web))
        except BaseException:
            self._processes.close()
            raise
        return self

    def __exit__(self, *_):
        self._processes.close()
        shutil.rmtree(self._builds)

    def _start(self, name, argv):
        environ = {
            "PATH": f"{self._programs}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
        }
        output = self._processes.enter_context(open(self.folder / "output" / name, "wb"))
        # None of them is to outlive the tests where those are killed.
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", "--", *argv],
            env=environ,
            cwd=str(self.folder),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        self.running[name] = process
        self._processes.callback(_end, process)

    def _wait(self, name, ready, seconds=90):
        end = time.monotonic() + seconds
        while not ready():
            code = self.running[name].poll()
            if code is not None or time.monotonic() > end:
                state = f"is not ready after {seconds} s" if code is None else f"ended with {code}"
                raise ServiceError(f"{name} {state}:\n{self.output_of(name)[-3000:]}")
            time.sleep(0.2)

    def output_of(self, name):
        """Return what a service printed so far."""
        return (self.folder / "output" / name).read_text(encoding="utf-8", errors="replace")

    def memory(self):
        """Return the megabytes that each service's own process has in memory at most, by name.

        :rtype: dict(str, int)
        """
        taken = {}
        for name, process in self.running.items():
            with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
                (peak,) = [line.split()[1] for line in status if line.startswith("VmHWM:")]
            taken[name] = int(peak) // 1024
        return taken


def require():
    """Skip the tests where this machine cannot have a Zuul.

    :raises unittest.SkipTest: with the reason.
    """
    for command in ("java", "bwrap", "openssl", "ssh-keygen", "git", "ip", "setpriv"):
        if shutil.which(command) is None:
            raise unittest.SkipTest(f"no {command} command to run a Zuul with")
    for jar in config.JARS:
        if not (_JARS / f"{jar}.jar").exists():
            raise unittest.SkipTest(f"no {jar}.jar: Debian's package zookeeper brings it")


def ansible_root(folder):
    """Make the environments that the executor runs Ansible from, where they are not there; return the folder.

    They hold what ``zuul-manage-ansible`` installs, but for collections and the libraries of clouds: a tenth.

    :param pathlib.Path folder: kept from one run of the tests to the next.
    :rtype: pathlib.Path
    """
    for version, requirement in _ANSIBLES.items():
        place = folder / version
        if (place / "complete").exists():
            continue
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        pip = [str(place / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", requirement, *_PLUGINS], check=True)
        (place / "complete").touch()
    return folder


def _end(process):
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _listens(port):
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


def _free_port():
    # Another process may take it before the service does, which then ends and says so.
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
