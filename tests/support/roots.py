"""Real Debian nodes for functional tests, without containers: needs root and Python 3.10.

A *root* is what debootstrap makes, with further layers on top; all of it is
made once and cached.  A *node* is a throw-away overlay of a root: it lives in a
mount and a PID namespace of its own, so its mounts and processes end with it
even where the tests are killed.
"""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from typing import NamedTuple

from . import host_settings

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
# python3 alone: no ensurepip, no pip.  The certificates are for https indexes.
MINIMAL_PACKAGES = ("python3", "ca-certificates")
# Where Debian keeps suites that its mirrors have dropped.
ARCHIVE = "http://archive.debian.org/debian"

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_LAYER_NAME = re.compile(r"^[a-z0-9][a-z0-9.+_-]*$")
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")

# Runs as init of the node's PID namespace: when its input ends, the kernel
# kills what is left in the namespace and drops its mounts.
_HOLDER = """
set -e
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2,workdir=$3" "$4"
mount -t proc proc "$4/proc"
mount --rbind /dev "$4/dev"
mount --make-rslave "$4/dev"
mount -t tmpfs -o mode=755 tmpfs "$4/run"
if [ -n "$5" ]; then
    mkdir -p "$4/src"
    mount --bind "$5" "$4/src"
    mount -o remount,bind,ro "$4/src"
fi
echo ready
exec cat
"""


class Root(NamedTuple):
    """A cached root file system.

    :param str suite: of Debian, as in ``bookworm``.
    :param tuple layers: its folders for overlayfs, topmost first.
    """

    suite: str
    layers: tuple

    def with_layer(self, name, prepare):
        """Return this root with a layer on top, made by ``prepare(node)`` where it is not cached.

        :param str name: names the layer in the cache: another content needs another name.
        """
        if not _LAYER_NAME.match(name):
            raise ValueError(f"{name!r} cannot name a layer")
        top = pathlib.Path(self.layers[0])
        folder = top.with_name(f"{top.name}~{name}")

        def make(temporary):
            return self.prepared_in(temporary, prepare)

        return self._replace(layers=(str(_cached(folder, make)), *self.layers))

    def prepared_in(self, folder, prepare):
        """Make a layer by ``prepare(node)`` in a folder of the caller's; return where it is.

        :param pathlib.Path folder: an empty folder.
        """
        with self._node(folder, source=CHECKOUT) as node:
            prepare(node)
        return folder / "upper"

    def with_packages(self, *packages):
        """Return this root with Debian packages installed, each with what it depends on only."""

        def install(node):
            apt = ["apt-get", "-q", "-y", "-o", "Dpkg::Use-Pty=0"]
            environ = {"DEBIAN_FRONTEND": "noninteractive"}
            node.run([*apt, "update"], env=environ)
            node.run([*apt, "install", "--no-install-recommends", *sorted(packages)], env=environ)
            node.run(["apt-get", "clean"])

        return self.with_layer("+".join(sorted(packages)), install)

    @contextlib.contextmanager
    def overlay(self, source=CHECKOUT, isolated=False):
        """Give a clean :class:`Node` of this root; nothing of it is left at the end.

        :param source: folder that the node sees read-only at ``/src``, or None.
        :param bool isolated: give it a network of its own with nothing but loopback in it.
        """
        with _temporary_folder() as folder, self._node(folder, source, isolated) as node:
            yield node

    @contextlib.contextmanager
    def _node(self, folder, source, isolated=False):
        for name in ("upper", "work", "merged"):
            (folder / name).mkdir(mode=0o755)
        layers = [":".join(self.layers), folder / "upper", folder / "work", folder / "merged", source or ""]
        namespaces = ["--mount", "--pid", *(["--net"] if isolated else [])]
        holder = subprocess.Popen(
            ["unshare", *namespaces, "--fork", "--kill-child", "sh", "-c", _HOLDER, "node", *layers],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        with holder:  # closes its input and waits
            if holder.stdout.readline() != b"ready\n":
                raise OSError(f"could not mount a node of {self.layers[0]}: see the output above")
            node = Node(holder.pid, str(folder / "merged"), folder / "upper")
            host_settings.copy_to(node.path)
            yield node


class Node:
    """A running node; what runs in it ends with it.

    ``holder`` is the process whose namespaces are the node's, by its id.  ``path``
    is its root folder as this process may open it.  It leads through
    ``/proc``: join names to it, do not resolve it.
    """

    def __init__(self, holder, mountpoint, upper):
        self.holder = holder
        self._mountpoint = mountpoint
        self._upper = upper
        self.path = f"/proc/{holder}/root{mountpoint}"

    def command(self, argv, *, user="root", env=None, network=True, cwd=None):
        """Return the command line that runs a program in the node, for ``Popen``.

        :param list argv: the program and its arguments.
        :param str user: who runs it: a name of the node.
        :param dict env: added to the node's plain environment.
        :param bool network: False cuts it, loopback included.
        :param str cwd: where it runs; default: the user's home.
        """
        home = self._home(user)
        environ = {name: os.environ[name] for name in _PROXIES if name in os.environ}
        environ.update(PATH=_PATH, HOME=home, USER=user, LOGNAME=user, LANG="C.UTF-8")
        environ.update(env or {})
        namespaces = f"/proc/{self.holder}/ns"
        return [
            *("nsenter", f"--mount={namespaces}/mnt", f"--pid={namespaces}/pid_for_children"),
            # Its own where it was given one, else that of this machine.
            *(f"--net={namespaces}/net", "--"),
            *(() if network else ("unshare", "--net", "--")),
            *("chroot", f"--userspec={user}", self._mountpoint),
            *("env", "-i", f"--chdir={cwd or home}"),
            *(f"{name}={value}" for name, value in environ.items()),
            *argv,
        ]

    def run(self, argv, *, check=True, timeout=600, input="", **options):
        """Run a program in the node to its end.

        :param bool check: raise where it fails, with its output.
        :param float timeout: seconds after which it is killed.
        :param str input: what it reads.
        :param options: as of :meth:`command`.
        :rtype: subprocess.CompletedProcess
        :raises NodeError: where it failed and ``check`` is set.
        :raises subprocess.TimeoutExpired: where it did not end in time.
        """
        # The bound is kept inside: killing nsenter would leave the program alone.
        bounded = ["timeout", "--kill-after=5", str(timeout), *argv]
        start = time.monotonic()
        run = subprocess.run(self.command(bounded, **options), input=input, capture_output=True, text=True)
        if run.returncode in (124, 137, -9) and time.monotonic() - start >= timeout:
            raise subprocess.TimeoutExpired(argv, timeout, run.stdout, run.stderr)
        if check and run.returncode:
            raise NodeError(f"{argv} ended with {run.returncode}:\n{run.stdout}{run.stderr}")
        return run

    def write(self, path, text, mode=0o644):
        """Write a file of the node, replacing what is there; folders are made.

        :param str path: absolute, as in the node.
        """
        host_settings.put(self.path, path, text.encode(), mode)

    def written(self):
        """Return the paths of all files and links that were written since the node was there, or removed.

        :returns: relative to the node's root, each with what tells another content apart.
        :rtype: set(str)
        """
        found = set()
        for folder, folders, files in os.walk(self._upper):
            links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
            for name in files + links:
                path = os.path.join(folder, name)
                status = os.lstat(path)
                seen = f"{os.path.relpath(path, self._upper)} ({status.st_mtime_ns}, {status.st_ino})"
                found.add(seen)
        return found

    def _home(self, user):
        with open(self.path + "/etc/passwd", encoding="utf-8") as passwd:
            for line in passwd:
                if line.startswith(user + ":"):
                    return line.split(":")[5]
        raise NodeError(f"the node has no user {user!r}")


def put_precache(root, precache):
    """Put a precache where a node has it by default, as one named by its digest and the link to it.

    :param str root: the node's root folder.
    :param pathlib.Path precache: the folder with the manifest.
    """
    place = pathlib.Path(root, "opt/cache/testnode-python")
    shutil.copytree(precache, place / precache.name)
    (place / "current").symlink_to(precache.name)


class NodeError(AssertionError):
    """A program of a node did not do what the test needs."""


def minimal(suite):
    """Return the root of a suite with python3 alone: no ensurepip, no pip.

    :raises unittest.SkipTest: where this machine cannot make one.
    """
    require()

    def make(temporary):
        target = temporary / "root"
        _debootstrap(suite, target)
        return target

    return Root(suite, (str(_cached(cache_folder() / _key(suite, MINIMAL_PACKAGES), make)),))


def bare(suite):
    """Return the root of a suite with python3 and python3-venv."""
    return minimal(suite).with_packages("python3-venv")


def require():
    """Skip the test where it cannot have roots.

    :raises unittest.SkipTest: with the reason.
    """
    if os.geteuid() != 0:
        raise unittest.SkipTest("only root can make nodes")
    for command in ("debootstrap", "apt-get", "unshare", "nsenter"):
        if shutil.which(command) is None:
            raise unittest.SkipTest(f"no {command} command to make nodes with")


def cache_folder(environ=os.environ):
    """Return where roots are kept, outside the checkout."""
    home = environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return (
        pathlib.Path(environ.get("TESTNODE_PYTHON_CACHE") or os.path.join(home, "testnode-python")) / "roots"
    )


@contextlib.contextmanager
def overlay(lower, at=None):
    """Give a plain folder whose content lies in the lower layer of an overlayfs.

    :param str lower: the folder that shines through; it is never written to.
    :param str at: where to mount it, which may be ``lower`` itself: what has its
        path written into it finds itself there.
    :raises unittest.SkipTest: where we are not root.
    """
    if os.geteuid() != 0:
        raise unittest.SkipTest("only root can mount an overlay")
    with _temporary_folder() as folder:
        for name in ("upper", "work", "merged"):
            (folder / name).mkdir(mode=0o755)
        options = f"lowerdir={lower},upperdir={folder / 'upper'},workdir={folder / 'work'}"
        merged = str(at or folder / "merged")
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, merged], check=True)
        try:
            yield merged
        finally:
            # Lazily: a process that a failed test left there must not keep the mount.
            subprocess.run(["umount", "--lazy", merged], check=True)


@contextlib.contextmanager
def _temporary_folder(parent=None):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="testnode-root-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _cached(folder, make):
    """Return the folder, made by ``make(temporary) -> made`` under another name where it is not there."""
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _temporary_folder(folder.parent) as temporary:
            made = make(temporary)
            try:
                os.rename(made, folder)
            except OSError:
                if not folder.exists():  # else another process was faster
                    raise
    return folder


def _key(suite, packages):
    return f"{suite}-{'+'.join(sorted(packages))}"


def _debootstrap(suite, target):
    known = os.path.exists(f"/usr/share/debootstrap/scripts/{suite}")
    environ = dict(os.environ)
    proxy = _output(["apt-config", "dump", "--format", "%v", "Acquire::http::Proxy"])
    if proxy:
        environ.setdefault("http_proxy", proxy)
    # In a mount namespace, so that a debootstrap that dies leaves nothing mounted.
    run = subprocess.run(
        ["unshare", "--mount", "debootstrap", "--variant=minbase", f"--include={','.join(MINIMAL_PACKAGES)}"]
        + [suite, str(target), mirror_of(suite), *(() if known else ("sid",))],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if run.returncode:
        raise NodeError(f"debootstrap of {suite} ended with {run.returncode}:\n{run.stdout[-3000:]}")
    for package in (target / "var/cache/apt/archives").glob("*.deb"):
        package.unlink()
    # No service starts because its package was installed.
    host_settings.put(str(target), "/usr/sbin/policy-rc.d", b"#!/bin/sh\nexit 101\n", 0o755)


def mirror_of(suite):
    """Return the archive that has a suite: one of this machine's own, else Debian's archive.

    :raises NodeError: where none has it.
    """
    tried = []
    sites = _output(["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages"]).split()
    for site in dict.fromkeys([*sites, ARCHIVE]):
        try:
            urllib.request.urlopen(f"{site}/dists/{suite}/InRelease", timeout=30).close()
            return site
        except (OSError, urllib.error.URLError) as error:
            tried.append(f"{site.rsplit('@', 1)[-1]}: {error}")
    raise NodeError(f"no archive has {suite}: {'; '.join(tried)}")


def _output(argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()
