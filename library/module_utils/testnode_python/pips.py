"""Running pip: out of a wheel, with nothing installed, told only what it shall know."""

import os
import re
from contextlib import contextmanager

from . import indexes
from .commands import clean_environment, last_lines
from .configuration import pip_variables
from .errors import CommandError, Error, MirrorError, PrecacheError
from .redaction import redact
from .runners import pip_main, start
from .tools import PIP

# Seconds without an answer, and tries after the first, that pip gives a server.
_PIP_PATIENCE = {"PIP_DEFAULT_TIMEOUT": "10", "PIP_RETRIES": "2"}
# How lines begin that do not say what is wrong: details, warnings, and where in its code pip stood.
_NOISE = (
    *(" ", "WARNING: ", "DEPRECATION: ", "ERROR: Ignored the following "),
    *("ERROR: Exception:", "Exception:", "Traceback "),
)
# All that ever were, where one that does not exist is asked for.
_TOLD = 3
_VERSIONS = re.compile(r"\(from versions: ([^()]*)\)")
_PIP_WHEEL = re.compile(r"pip-([0-9]{1,9}(?:\.[0-9]{1,9}){0,9})-py[0-9.py]*3[0-9.py]*-none-any\.whl")
_OLDEST_PYTHON = re.compile(r">=\s*([0-9]{1,9})\.([0-9]{1,9})")


@contextmanager
def workshop():
    """Give a private folder for what an install needs, removed at the end.

    :raises Error: where there is no room for it, or not enough: what is written
        elsewhere meanwhile has errors of its own.
    """
    import tempfile  # which takes longer to import than most of us

    try:
        with tempfile.TemporaryDirectory(prefix="testnode-python-") as folder:
            yield folder
    except OSError as error:
        raise Error(
            "no temporary files can be written: {}".format(error.strerror or error),
            "make room, or name another folder with TMPDIR",
        ) from error


def pinned(wheels):
    """Return a requirement file that admits exactly these wheels.

    :param wheels: locked wheels (iterable of Wheel).
    :rtype: str
    """
    hashes = {}
    for wheel in wheels:
        hashes.setdefault("{0.name}=={0.version}".format(wheel), []).append("--hash=sha256:" + wheel.sha256)
    return "".join("{} {}\n".format(pin, " ".join(admitted)) for pin, admitted in hashes.items())


def run_pip(python, place, arguments, deadline, **options):
    """Run pip in an interpreter.

    :param str python: the interpreter.
    :param str place: the pip wheel, the folder that pip is imported from, or a get-pip.py.
    :param list arguments: what pip is told.
    :param Deadline deadline: when it is killed.
    :param options: ``environ`` (the caller's variables), ``mirror`` (or None for no
        network), ``umask``, ``extra`` (variables for pip), and what ``start`` takes.
    :raises CommandError: where pip fails, with its own words.
    """
    mirror = options.pop("mirror")
    environ = clean_environment(options.pop("environ"))
    environ.update(pip_variables(mirror))
    environ.update(_PIP_PATIENCE)
    environ.update(options.pop("extra", {}))
    job = {"place": place, "arguments": arguments, "umask": options.pop("umask", None)}
    result = start(python, pip_main, job, deadline, environ=environ, **options)
    if result.returncode != 0:
        secrets = mirror.secrets if mirror else ()
        raise CommandError(
            "{} failed: {}".format(
                "get-pip.py" if place.endswith(".py") else "pip", redact(_reason(result), secrets)
            ),
            ["pip"] + arguments,
            result.returncode,
            redact(last_lines(result.stderr), secrets),
        )


def _reason(result):
    """Return what pip says is wrong, without the noise around it."""
    lines = [line.rstrip() for line in (result.stderr or result.stdout).splitlines()]
    lines = [line for line in lines if line and not line.startswith(_NOISE)]
    # Old ones do not mark their errors.
    said = [line[len("ERROR: ") :] for line in lines if line.startswith("ERROR: ")] or lines[-2:]
    said = [_VERSIONS.sub(_newest, line) for line in said]
    return " ".join(said[:2]) or "exit code {}".format(result.returncode)


def _newest(match):
    versions = match.group(1).split(", ")
    return match.group() if len(versions) <= _TOLD else "(newest: {})".format(", ".join(versions[-_TOLD:]))


def fetch(mirror, node, locked, folder):
    """Fetch a pip wheel from a mirror: the locked one, else the newest that fits.

    :param Mirror mirror: where from.
    :param Node node: for which interpreter.
    :param Wheel locked: the locked wheel, or None.
    :param str folder: where to put it.
    :returns: its path.
    :rtype: str
    :raises MirrorError: where the mirror has none.
    """
    found = indexes.links(mirror, PIP, node.deadline, node.environ)
    if locked is not None:
        found = [link._replace(sha256=locked.sha256) for link in found if link.file == locked.file]
    else:
        found = newest_first(found, node.platform.minor)
    if not found:
        wanted = locked.file if locked else "pip for Python {}".format(node.platform.series)
        raise MirrorError(mirror.name, "{} has no {}".format(mirror.name, wanted))
    return indexes.download(found[0], folder, mirror, node.deadline, node.environ)


def newest_first(links, minor):
    """Return the released pip wheels among links that support a Python, newest first.

    Only here are versions compared without ``packaging``: it comes with pip.  pip's
    releases have plain numbers and declare but a lower bound.

    :param links: files of the project (iterable of Link).
    :param tuple minor: the Python, as in ``(3, 11)``.
    :rtype: list(Link)
    """
    fitting = []
    for link in links:
        wheel = _PIP_WHEEL.fullmatch(link.file)
        oldest = _OLDEST_PYTHON.search(link.requires_python)
        if wheel and not (oldest and (int(oldest.group(1)), int(oldest.group(2))) > minor):
            fitting.append((tuple(map(int, wheel.group(1).split("."))), link))
    return [link for _, link in sorted(fitting, reverse=True)]


def place_of_pip(mirror, node, folder):
    """Return a pip that runs: the precache's, else the mirror's, else one on the node.

    :param Mirror mirror: where it may be fetched.
    :param Node node: for which interpreter.
    :param str folder: where to put what is fetched.
    :returns: a wheel, or a folder to import pip from.
    :rtype: str
    :raises MirrorError: where there is none at all.
    """
    lock = node.lock_for(PIP)
    wheels = {wheel.name: wheel for wheel in lock.wheels} if lock else {}
    try:
        return node.precache.checked(os.path.join("wheels", wheels[PIP].file), wheels[PIP].sha256)
    except (KeyError, PrecacheError):
        pass
    try:
        return fetch(mirror, node, wheels.get(PIP), folder)
    except MirrorError:
        there = node.interpreter.bundled_pip
        if not there and PIP in node.interpreter.modules:
            there = node.interpreter.modules[PIP].folder
        if not there:
            raise
        return there


def first_of(node, attempt):
    """Try the node's mirrors in order, each for its share of the time that is left.

    :param Node node: whose mirrors.
    :param attempt: callable of a mirror and a node with that time; gives a Ready.
    :returns: that Ready; its words tell also why the mirrors before did not serve.
    :rtype: Ready
    :raises Error: where none can serve, with the reason of each.
    """
    mirrors = node.mirrors()
    reasons = []
    for position, mirror in enumerate(mirrors):
        try:
            ready = attempt(mirror, node.within(node.deadline.left() / (len(mirrors) - position)))
        except (MirrorError, CommandError) as error:
            reasons.append("{}: {}".format(mirror.name, error))
            continue
        # That the first mirrors are down is worth knowing even where a later one served.
        return ready._replace(words="; ".join([ready.words] + ["not from " + reason for reason in reasons]))
    cure = "see that name and version exist, and that --mirror or pip's configuration leads to an index"
    if not node.deadline.left():
        cure = "allow more time than {:g} s with --timeout".format(node.request.timeout)
    raise Error("; ".join(reasons), cure)


def written(folder, text):
    """Write a requirement file into a private folder; return its path."""
    path = os.path.join(folder, "requirements.txt")
    with open(path, "w") as file:
        file.write(text)
    return path
