"""Images of diskimage-builder, to be unpacked as roots for nodes or booted: needs root and debootstrap.

A build runs in name spaces of its own, so its mounts and processes end with it.
What debootstrap makes is kept; all else is made by the code as it is.
"""

import contextlib
import fcntl
import os
import pathlib
import shutil
import subprocess
import sys
import unittest
from typing import NamedTuple

from . import roots

ELEMENTS = roots.CHECKOUT / "elements"
SECURITY = "{}-security"
# What is found beside the Python that runs the tests: diskimage-builder's own programs.
_PROGRAMS = pathlib.Path(sys.executable).parent
_SYSTEM = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_COMMANDS = ("debootstrap", "sudo", "unshare", "fstrim", "mkfs.ext4", "losetup", "curl")


class Build(NamedTuple):
    """How a build ended: the exit code, the words, the tar archive of the image, its disk where asked for."""

    returncode: int
    output: str
    tar: pathlib.Path

    @property
    def raw(self):
        """The image as a disk, where ``raw`` was among the formats."""
        return self.tar.with_suffix(".raw")

    def unpacked(self, suite, folder):
        """Return the image as a root, unpacked in an empty folder; the archive is removed.

        :rtype: Root
        """
        assert self.returncode == 0, self.output[-5000:]
        argv = ["tar", "--extract", "--numeric-owner", "--xattrs", "--xattrs-include=*"]
        subprocess.run([*argv, f"--file={self.tar}", f"--directory={folder}"], check=True)
        self.tar.unlink()
        # Kept out of the archive, and mounted on.
        for name in ("proc", "sys"):
            (folder / name).mkdir(exist_ok=True)
        return roots.Root(suite, (str(folder),))


def require():
    """Skip the test where it cannot have images.

    :raises unittest.SkipTest: with the reason.
    """
    roots.require()
    if not (_PROGRAMS / "disk-image-create").exists():
        raise unittest.SkipTest("no disk-image-create here: tox -e images has one")
    for command in _COMMANDS:
        if shutil.which(command, path=_SYSTEM) is None:
            raise unittest.SkipTest(f"no {command} command to build images with")


def environment(**variables):
    """Return what programs of diskimage-builder are to see of this process, and no more.

    :param variables: added to it.
    """
    ours = ("http_proxy", "https_proxy", "no_proxy", "CURL_CA_BUNDLE")
    seen = {name: os.environ[name] for name in ours if name in os.environ}
    seen.update(PATH=f"{_PROGRAMS}:{_SYSTEM}", HOME="/root", USER="root", LANG="C.UTF-8")
    seen.update(variables)
    return seen


def build(suite, elements, folder, formats="tar", **variables):
    """Build a Debian image; one build runs at a time on a machine.

    :param str suite: of Debian.
    :param elements: their names, besides debian-minimal.
    :param pathlib.Path folder: an empty folder with room for the image and all it is made of.
    :param str formats: of diskimage-builder, with commas between; ``tar`` is among them.
    :param variables: of the build; one that is to boot needs ``INITRD="Yes"``.
    :rtype: Build
    """
    require()
    tar = folder / "image.tar"
    with _debootstrap_cache(suite, folder) as cache:
        seen = {
            "DIB_RELEASE": suite,
            "DIB_DISTRIBUTION_MIRROR": roots.mirror_of(suite),
            "DIB_IMAGE_CACHE": str(cache),
            "DIB_DEBOOTSTRAP_CACHE": "1",
            "DIB_DEBIAN_USE_DEBOOTSTRAP_CACHE": "1",
            "ELEMENTS_PATH": str(ELEMENTS),
            # Most images are not to boot here: Debian's kernel package then makes no initial RAM disk.
            "INITRD": "No",
            "TMP_DIR": str(folder),
        }
        with contextlib.suppress(roots.NodeError):  # else diskimage-builder's own default
            seen["DIB_DEBIAN_SECURITY_MIRROR"] = roots.mirror_of(SECURITY.format(suite))
        seen.update(variables)
        run = subprocess.run(
            ["unshare", "--mount", "--propagation", "private", "disk-image-create"]
            + ["-a", "amd64", "-t", formats, "-o", str(folder / "image"), "debian-minimal", *elements],
            env=environment(**seen),
            cwd=str(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=1800,
        )
    return Build(run.returncode, run.stdout, tar)


@contextlib.contextmanager
def _debootstrap_cache(suite, folder):
    """Give a folder with what debootstrap made before; what it makes now is kept when it is whole."""
    kept = roots.cache_folder().parent / "images"
    kept.mkdir(parents=True, exist_ok=True)
    name = f"debootstrap-debian-{suite}-amd64.tar.gz"
    with open(kept / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        cache = folder / "cache"
        cache.mkdir()
        if (kept / name).exists():
            (cache / name).symlink_to(kept / name)
        yield cache
        made = cache / name
        if made.exists() and not made.is_symlink():
            # From one disk to another, and under its name only when all of it is there.
            shutil.copyfile(made, kept / f".{name}.part")
            os.replace(kept / f".{name}.part", kept / name)
        shutil.rmtree(cache)
