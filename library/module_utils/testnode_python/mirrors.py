"""The third rung: a tool's environment by pip from a mirror."""

import os
import re
import shutil

from . import environments, indexes, pips, receipts, wheels
from .commands import clean_environment, run
from .errors import CommandError
from .tools import PIP, normalize

_CHECK_SECONDS = 60


def from_mirror(request, node):
    """Make the tool's environment from the first mirror that can serve.

    :param Request request: what is asked for.
    :param Node node: where.
    :rtype: Ready
    :raises Error: where none can, with the reason of each.
    """
    return pips.first_of(node, lambda mirror, within: _from_one(request, within, mirror))


def _from_one(request, node, mirror):
    tool = node.declared
    lock = node.lock_for(tool.name)
    if lock is not None and not node.versions.satisfies(lock.version, request.version):
        lock = None
    ready = environments.already(node, lock)
    if ready is not None:
        return ready
    # One request of ours tells more, and sooner, than pip's patience.
    indexes.links(mirror, tool.distribution, node.deadline, node.environ)
    with environments.locked(node.place, node.deadline) as held:
        ready = environments.already(node, lock)
        if ready is not None:
            return ready
        with pips.workshop() as folder:
            receipt = environments.make(node.place, _Work(mirror, node, lock, folder, held).fill)
    return environments.ready(node.place, receipt, unlocked=lock is None)


class _Work:
    """One attempt: what filling a tree needs to know."""

    def __init__(self, mirror, node, lock, folder, held):
        self.mirror = mirror
        self.node = node
        self.lock = lock
        self.folder = folder
        self.held = held

    def fill(self, tree):
        """Fill a tree; return its receipt.

        :raises CommandError: where pip or the tool itself fails.
        """
        node, tool = self.node, self.node.declared
        job = wheels.environment_job(tree, node.place)
        wheels.fill(job, node.platform.base, self.node.deadline, node.environ, self.held)
        self._install(tree)
        packages = self._packages(tree)
        version = next((each.version for each in packages if normalize(each.name) == tool.distribution), "")
        self._check(tree, tool)
        return receipts.Receipt(
            tool=tool.name,
            request=node.request.version,
            command=tool.command,
            version=version,
            source="mirror",
            origin=self.mirror.name,
            locked=node.lock_date() if self.lock else "",
            python=node.platform.base,
            series=node.platform.series,
            made=environments.now(),
            packages=packages,
        )

    def _install(self, tree):
        node = self.node
        place = pips.place_of_pip(self.mirror, node, self.folder)
        pip_lock = node.lock_for(PIP)
        locked_pip = [wheel for wheel in pip_lock.wheels if wheel.name == PIP] if pip_lock else []
        arguments = ["install", "--no-compile"] if not node.place.shared else ["install"]
        if self.lock is not None:
            # All hashes or none: a lock without pip's own is completed from pip's lock.
            has_pip = any(wheel.name == PIP for wheel in self.lock.wheels)
            arguments += ["--no-deps", "--require-hashes"]
            text = pips.pinned(self.lock.wheels + ([] if has_pip else locked_pip))
        else:
            requirements = _with_version(node.declared, node.request.version)
            text = "".join(line + "\n" for line in requirements + [self._own_pip(place)])
            arguments += ["--find-links", self.folder]
        arguments += ["--requirement", pips.written(self.folder, text)]
        pips.run_pip(
            os.path.join(tree, "bin", "python"),
            place,
            arguments,
            self.node.deadline,
            environ=node.environ,
            mirror=self.mirror,
            umask=0o022 if node.place.shared else None,
            keep_open=(self.held,),
        )

    def _own_pip(self, place):
        """Return the requirement of the environment's own pip: the one that runs, where that is a wheel.

        By version and from the private folder: a path would stand in the environment for ever.
        """
        if not place.endswith(".whl"):
            return PIP
        if os.path.dirname(place) != self.folder:
            shutil.copy(place, self.folder)
        return "{}=={}".format(PIP, os.path.basename(place).split("-")[1])

    def _packages(self, tree):
        hashes = {normalize(wheel.name): wheel.sha256 for wheel in self.lock.wheels} if self.lock else {}
        site = os.path.join(tree, "lib", "python" + self.node.platform.series, "site-packages")
        packages = []
        for entry in sorted(os.listdir(site)):
            stem, extension = os.path.splitext(entry)
            if extension == ".dist-info":
                name, _, version = stem.rpartition("-")
                packages.append(receipts.Package(name, version, hashes.get(normalize(name), "")))
        return packages

    def _check(self, tree, tool):
        """Run the tool once: no lock vouches that what a mirror gave works together."""
        program = wheels.command_in(tree, tool)
        environ = clean_environment(self.node.environ)
        deadline = self.node.deadline.sooner(_CHECK_SECONDS)
        result = run([program] + tool.check, deadline, environ, keep_open=(self.held,))
        if result.returncode != 0:
            words = (result.stderr or result.stdout).strip().splitlines() or ["no output"]
            raise CommandError(
                "{} was installed but does not work: {}".format(tool.name, words[-1]),
                [tool.command],
                result.returncode,
            )


def _with_version(tool, version):
    """Return a tool's requirements, those of its own distribution narrowed to a version."""
    narrowed = []
    for requirement in tool.requirements:
        own = tool._replace(requirements=[requirement]).distribution == tool.distribution
        name, semicolon, marker = requirement.partition(";")
        joint = "," if version and re.search("[<>=!~]", name) else ""
        narrowed.append(name.strip() + joint + version + semicolon + marker if own else requirement)
    return narrowed
