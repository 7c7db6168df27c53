"""The precache on a node's disk: opened, distrusted, chosen from."""

import hashlib
import os

from . import manifest, ownership
from .errors import PrecacheError
from .tools import PIP

# What holds precaches, each in a folder of its own, and the link to the one that is used.
DEFAULT_OUTPUT = "/opt/cache/testnode-python"
CURRENT = "current"
DEFAULT_PATH = DEFAULT_OUTPUT + "/" + CURRENT
# Without this and pip nothing else can be installed.
INSTALLER = "installer"

_BLOCK = 1024 * 1024


class Precache:
    """An opened precache: its folder and what its manifest says.

    :param str name: the path that it is known by.
    :param str path: the folder with the manifest, links resolved.
    :param Manifest manifest: its content.
    :param set owners: users that its files may belong to.
    """

    def __init__(self, name, path, manifest, owners):
        self.name = name
        self.path = path
        self.manifest = manifest
        self.owners = owners

    def __str__(self):
        return "the precache {} (locked {})".format(self.name, self.manifest.locked[:10])

    def target_for(self, platform):
        """Return the target that was locked for an platform.

        :rtype: Target
        :raises PrecacheError: where there is none, naming what there is.
        """
        kind = (platform.implementation, platform.minor, platform.machine)
        for target in self.manifest.targets.values():
            if (target.implementation, target.python, target.machine) == kind:
                libc, floor = target.libc
                if platform.libc[0] != libc or platform.libc[1] < floor:
                    raise PrecacheError(
                        self.path,
                        "the wheels for {} need {} {}.{}, this Python has {}".format(
                            target.name, libc, floor[0], floor[1], _libc_words(platform.libc)
                        ),
                    )
                return target
        raise PrecacheError(
            self.path,
            "{} has nothing for {} {} on {}, only for {}".format(
                self.name,
                platform.implementation,
                platform.series,
                platform.machine,
                ", ".join(sorted(self.manifest.targets)) or "no target at all",
            ),
            "build it with --target for this Python, or name another Python with --python",
        )

    def locked(self, name, platform):
        """Return the lock of a tool for an platform.

        :param str name: the tool's name.
        :param Platform platform: where it is to run.
        :rtype: Locked
        :raises PrecacheError: where there is none, with the reason.
        """
        target = self.target_for(platform)
        locked = target.tools.get(name)
        if locked is None:
            raise PrecacheError(
                self.path,
                "{} has no {}, only {}".format(self.name, name, ", ".join(sorted(target.tools))),
                "add it to the toolset and build the precache again",
            )
        if not locked.wheels:
            raise PrecacheError(
                self.path, "{} has no {} for {}: {}".format(self.name, name, target.name, locked.reason)
            )
        return locked

    def locked_pip(self, platform):
        """Return the locked wheel of pip itself for an platform.

        :rtype: Wheel
        :raises PrecacheError: where there is none.
        """
        for wheel in self.locked(PIP, platform).wheels:
            if wheel.name == PIP:
                return wheel
        raise PrecacheError(
            self.path,
            "{} has no wheel of pip".format(self.name),
            "build the precache again, or name another one",
        )

    def wheels(self, locked):
        """Return the paths of a lock's wheels, each one's hash checked now.

        :param Locked locked: the lock.
        :rtype: list(str)
        :raises PrecacheError: where one is missing or is not what was locked.
        """
        return [self.checked(os.path.join("wheels", wheel.file), wheel.sha256) for wheel in locked.wheels]

    def checked(self, relative, sha256):
        """Return the path of a file after its hash was found right.

        :param str relative: its path below the precache.
        :param str sha256: the hash that the manifest gives.
        :rtype: str
        :raises PrecacheError: where it is missing, is not what was locked, or
            could be changed by others once it was looked at.
        """
        path = os.path.join(self.path, relative)
        cure = "build the precache again, or name another one"
        digest = hashlib.sha256()
        try:
            # A pipe would be waited on for ever.
            with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
                for block in iter(lambda: file.read(_BLOCK), b""):
                    digest.update(block)
        except OSError as error:
            raise PrecacheError(path, "{} cannot be read: {}".format(path, error.strerror), cure) from error
        if digest.hexdigest() != sha256:
            raise PrecacheError(
                path,
                "{} is not the file that was locked (sha256 {}..., expected {}...)".format(
                    path, digest.hexdigest()[:12], sha256[:12]
                ),
                cure,
            )
        reason = ownership.fault(os.path.realpath(path), self.owners)
        if reason:
            raise PrecacheError(path, "{} is not safe: {}".format(path, reason), _own_it(self.owners))
        return path

    def get_pip(self, platform):
        """Return the path of get-pip.py for an interpreter, its hash checked now.

        :rtype: str
        :raises PrecacheError: where the precache has none.
        """
        file = self.manifest.get_pip.get(platform.series)
        if file is None:
            raise PrecacheError(
                self.path,
                "{} has no get-pip.py for Python {}".format(self.name, platform.series),
                "build it without --no-get-pip",
            )
        return self.checked(file.file, file.sha256)


def open_precache(path=""):
    """Open a precache, if it is one and may be believed.

    At the default path everything on the way must be root's; elsewhere the caller
    vouches for the way by naming it, and the folder must be root's or the caller's.

    :param str path: the folder with the manifest, the link to it or the folder
        with that link; "" for the default path.
    :rtype: Precache
    :raises PrecacheError: with the reason and the cure.
    """
    named = bool(path)
    path = os.path.abspath(os.path.expanduser(path or DEFAULT_PATH))
    try:
        folder = _folder_with_manifest(path)
    except OSError as error:
        raise PrecacheError(
            path, "{} cannot be read: {}".format(error.filename, error.strerror), "make it readable by all"
        ) from error
    if folder is None:
        raise PrecacheError(
            path,
            "there is no precache at {}".format(path),
            "build one with 'testnode-python precache build', or name another with --precache",
        )
    owners = ownership.trusted_owners() if named else {0}
    reason = _distrust(folder, named, owners)
    if reason:
        cure = _own_it(owners) if named else "make it and all on the way root's and writable by nobody else"
        raise PrecacheError(path, "the precache at {} is not safe: {}".format(path, reason), cure)
    real = os.path.realpath(folder)
    file = os.path.join(real, manifest.FILE_NAME)
    try:
        with open(file, encoding="utf-8") as stream:
            text = stream.read()
    except (OSError, UnicodeDecodeError) as error:
        raise PrecacheError(
            file, "{} cannot be read: {}".format(file, error), "build the precache again"
        ) from error
    return Precache(path, real, manifest.loads(text, file), owners)


def _folder_with_manifest(path):
    for folder in (path, os.path.join(path, CURRENT)):
        try:
            os.stat(os.path.join(folder, manifest.FILE_NAME))
            return folder
        except (FileNotFoundError, NotADirectoryError):
            continue
    return None


def _distrust(folder, named, owners):
    reason = ownership.fault(folder, owners) if named else ownership.fault_with_parents(folder, owners)
    real = os.path.realpath(folder)
    inside = (
        real,
        os.path.join(real, manifest.FILE_NAME),
        os.path.join(real, "wheels"),
        os.path.join(real, "get-pip"),
    )
    for path in inside:
        if not reason and os.path.lexists(path):
            reason = ownership.fault(path, owners)
    return reason


def _own_it(owners):
    # Root believes nobody else: to it "yours" would not be the caller's.
    return "make it root's{} and writable by nobody else".format(" or yours" if owners > {0} else "")


def _libc_words(libc):
    name, version = libc
    return "{} {}.{}".format(name, *version) if name else "another C library"
