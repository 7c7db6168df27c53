"""pip for an interpreter: from the precache, from a mirror, or by get-pip.py.

From the precache locked wheels are put where pip would put them.  What that way is
not made for, and all from mirrors, pip does, run from its own locked wheel: what
get-pip.py does inside, less unpacking that wheel from itself first, and with the
hashes required.
"""

import errno
import os
import shutil

from . import environments, indexes, pips, sites
from .commands import clean_environment
from .errors import CommandError, Error, MirrorError, PrecacheError
from .outcome import Ready
from .precache import INSTALLER
from .runners import AS_IN_A_SHELL, run_in, site_install
from .tools import PIP, PIP_COMPANIONS

GET_PIP_URL = "https://bootstrap.pypa.io/get-pip.py"
# What get-pip.py would add is asked for by name, where it is lacking.
_GET_PIP = ["--no-setuptools", "--no-wheel"]
# The oldest Python that is served without pip: the last PyPA installer for 3.6 makes
# no file executable and notes hashes in a way that is not pip's.
_WITHOUT_PIP = (3, 7)


def from_precache(request, node):
    """Install what is lacking from the precache's lock, with no network.

    :rtype: Ready
    :raises Error: where the precache cannot serve.
    """
    pip = node.precache.locked_pip(node.platform)
    if not node.versions.satisfies(pip.version, request.version):
        raise Error(
            "{} has pip {}, not {}".format(node.precache.name, pip.version, request.version),
            "ask for another --version, or allow a mirror",
        )
    return _one_at_a_time(request, node, lambda held: _from_precache(request, node, pip, held))


def from_mirror(request, node):
    """Install what is lacking from the first mirror that can serve.

    :rtype: Ready
    :raises Error: where none can, with the reason of each.
    """

    def attempt(mirror, within):
        work = _by_upstream_get_pip if request.get_pip else _from_one_mirror
        return _one_at_a_time(request, within, lambda held: work(request, within, mirror, held))

    return pips.first_of(node, attempt)


def _one_at_a_time(request, node, install):
    """Install with the site's lock held, unless another caller did so while we waited.

    :param install: callable of the lock's descriptor that gives a Ready.
    :rtype: Ready
    """
    _target(node)  # what forbids an install is told before anybody waits
    needed = _needs(node)
    with environments.locked(_lock_place(node), node.deadline) as held:
        if needed:
            node.look_again()
            if not _needs(node) and not request.get_pip:
                return sites.find(request, node)
        return install(held)


def _needs(node):
    return bool(sites.lacking(node)) or _is_unfit(node)


def _is_unfit(node):
    there = node.interpreter.modules.get(PIP)
    return there is not None and not node.versions.satisfies(there.version, node.request.version)


def _from_precache(request, node, pip, held):
    precache = node.precache
    lock = precache.locked(PIP, node.platform)
    wheels = _chosen(lock, _wanted(node))
    place = precache.wheels(lock._replace(wheels=[pip]))[0]
    checked = precache.wheels(lock._replace(wheels=wheels))
    by_pip = "" if request.get_pip else _without_pip(checked, node, held)
    if request.get_pip or by_pip:
        _by_pip_from_precache(place, wheels, node, held)
    words = "{}, by pip itself: {}".format(precache, by_pip) if by_pip else str(precache)
    return _ready(node, words, precache.manifest.locked, unlocked=False)


def _without_pip(wheels, node, held):
    """Install wheels as pip would, in a third of its time.

    :param list wheels: their paths.
    :returns: why that is for pip itself to do, or "".
    :rtype: str
    """
    if node.platform.minor < _WITHOUT_PIP:
        return "PyPA installer has no release for Python {} that notes files as pip does".format(
            node.platform.series
        )
    if _may_replace(node):
        return "there is another one to replace"
    where, extra, umask = _target(node)
    environ = dict(clean_environment(node.environ), **extra)
    try:
        installer = node.precache.wheels(node.precache.locked(INSTALLER, node.platform))
        job = {"wheels": wheels, "installer": installer, "user": "--user" in where, "umask": umask}
        options = {"environ": environ, "flags": AS_IN_A_SHELL, "keep_open": (held,)}
        answer = run_in(node.platform.executable, site_install, job, node.deadline, **options)
        return str(answer["declined"])
    except (CommandError, PrecacheError) as error:
        if not node.deadline.left() or os.strerror(errno.ENOSPC) in getattr(error, "output", ""):
            raise
        # What is half there pip overwrites; if it fails as well, it knows best why.
        return str(error)


def _by_pip_from_precache(place, wheels, node, held):
    """Install wheels of the precache by pip out of its wheel, or by get-pip.py where that was asked for."""
    links = os.path.join(node.precache.path, "wheels")
    with pips.workshop() as folder:
        if node.request.get_pip:
            script = node.precache.get_pip(node.platform)
            _install(script, _GET_PIP + _only(wheels, links, folder), node, None, held)
        else:
            arguments = ["install", "--no-deps", "--require-hashes", "--find-links", links]
            requirements = pips.written(folder, pips.pinned(wheels))
            _install(place, arguments + ["--requirement", requirements], node, None, held)


def _from_one_mirror(request, node, mirror, held):
    lock = node.lock_for(PIP)
    if lock is not None and not node.versions.satisfies(lock.version, request.version):
        lock = None
    wanted = _wanted(node)
    # One request of ours tells more, and sooner, than pip's patience.
    indexes.links(mirror, wanted[0], node.deadline, node.environ)
    with pips.workshop() as folder:
        place = pips.place_of_pip(mirror, node, folder)
        if lock is not None:
            text = pips.pinned(_chosen(lock, wanted))
            arguments = ["install", "--no-deps", "--require-hashes"]
        else:
            text = "".join(name + (request.version if name == PIP else "") + "\n" for name in wanted)
            arguments = ["install"]
        _install(place, arguments + ["--requirement", pips.written(folder, text)], node, mirror, held)
    return _ready(node, mirror.name, node.precache.manifest.locked if lock else "", unlocked=lock is None)


def _wanted(node):
    """Return the names to install: what is lacking, and pip where it does not satisfy."""
    missing = sites.lacking(node)
    if node.request.modules:
        return missing
    if PIP not in missing and (_is_unfit(node) or node.request.get_pip or not missing):
        missing.insert(0, PIP)
    return missing


def _chosen(lock, wanted):
    """Return the wheels to install: what is wanted, and what the lock has only because those need it."""
    ours = [PIP] + PIP_COMPANIONS
    return [wheel for wheel in lock.wheels if wheel.name in wanted or wheel.name not in ours]


def _install(place, arguments, node, mirror, held):
    """Run pip, or get-pip.py, to install into the interpreter's own site, of the user or of all."""
    options, extra, umask = _target(node)
    options.append("--upgrade" if _may_replace(node) else "--ignore-installed")
    pips.run_pip(
        node.platform.executable,
        place,
        arguments + options,
        node.deadline,
        environ=node.environ,
        mirror=mirror,
        umask=umask,
        extra=extra,
        flags=AS_IN_A_SHELL,
        keep_open=(held,),
    )


def _only(wheels, links, folder):
    """Return get-pip.py's arguments for exactly these wheels.

    It refuses --require-hashes (it adds a bare ``pip`` itself), so it is shown a
    private folder with nothing but files whose hash was right.
    """
    for wheel in wheels:
        shutil.copyfile(os.path.join(links, wheel.file), os.path.join(folder, wheel.file))
    return ["--no-index", "--find-links", folder] + [
        "{0.name}=={0.version}".format(wheel) for wheel in wheels
    ]


def _by_upstream_get_pip(request, node, mirror, held):
    """Run get-pip.py as upstream publishes it, with the mirror as its index."""
    if request.get_pip == "precache":
        raise Error("the precached get-pip.py was asked for")
    urls = [request.get_pip]
    if request.get_pip in ("upstream", GET_PIP_URL):
        urls = [GET_PIP_URL]
        # The newest refuses Pythons that it no longer supports; those have a file of their own.
        urls.insert(0, GET_PIP_URL.replace("/get-pip.py", "/pip/{}/get-pip.py".format(node.platform.series)))
    with pips.workshop() as folder:
        for url in urls:
            try:
                link = indexes.Link("get-pip.py", url, "", "")
                script = indexes.download(link, folder, mirror, node.deadline, node.environ)
                break
            except MirrorError as error:
                if url == urls[-1] or "404" not in error.cause:
                    raise
        wanted = [name + (request.version if name == PIP else "") for name in _wanted(node)]
        _install(script, _GET_PIP + wanted, node, mirror, held)
    return _ready(node, "get-pip.py of {}".format(link.url.rpartition("/")[0]), "", unlocked=True)


def _target(node):
    """Decide where pip installs to: its options, its variables, its umask."""
    interpreter = node.interpreter
    if not interpreter.pip_runs:
        raise Error(
            "pip needs distutils, which {} lacks".format(interpreter),
            "install it: apt-get install python3-distutils",
        )
    scope = sites.scope_of(node)
    if scope == "global" and not _may_write(interpreter.global_site):
        raise Error(
            "{} cannot be written, and pip for everybody goes there".format(interpreter.global_site),
            "ask as root, or with --scope user",
        )
    # What is for all must not lean on what one user has.
    extra = {"PYTHONNOUSERSITE": "1"} if scope == "global" else {}
    if interpreter.externally_managed:
        extra["PIP_BREAK_SYSTEM_PACKAGES"] = "1"
    options = ["--user"] if scope == "user" else []
    return options, extra, 0o022 if scope == "global" and os.geteuid() == 0 else None


def _may_write(path):
    while not os.path.exists(path):
        path = os.path.dirname(path)
    return os.access(path, os.W_OK)


def _may_replace(node):
    """Say whether pip may replace what is there of what is wanted.

    Not what a distribution's package manager or another scope owns; and where all
    is lacking, pip must not look either: it would trip over what a killed one left.
    """
    home = node.interpreter.user_site if sites.scope_of(node) == "user" else node.interpreter.global_site
    replaced = [module for name, module in node.interpreter.modules.items() if name in _wanted(node)]
    return bool(replaced) and all(
        os.path.realpath(module.folder) == os.path.realpath(home) for module in replaced
    )


def _lock_place(node):
    """Return what callers lock that install into the same site."""
    site = node.interpreter.global_site
    if sites.scope_of(node) == "user" or (site.startswith("/usr/") and os.geteuid() != 0):
        return environments.Place(os.path.join(node.home, ".local", PIP), shared=False)
    return environments.Place(os.path.join(site, PIP), shared=True)


def _ready(node, words, locked, unlocked):
    """Look whether the interpreter now has what was asked for."""
    node.look_again()
    interpreter = node.interpreter
    missing = sites.lacking(node)
    if missing or not (interpreter.pip_command or node.request.modules):
        raise Error(
            "pip ended well, but {} has no {}".format(interpreter, ", ".join(missing) or "pip3 command")
        )
    name = node.request.modules[0] if node.request.modules else PIP
    version = interpreter.modules[name].version
    return Ready(
        "{} {} for {} from {}".format(name, version, interpreter, words),
        executable=interpreter.pip_command or node.platform.executable,
        version=version,
        changed=True,
        locked=locked,
        unlocked=unlocked,
        python=node.platform.base,
    )
