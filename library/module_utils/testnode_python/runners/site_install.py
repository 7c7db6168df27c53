"""Install wheels into this interpreter's own site (runs in the interpreter that they are for).

The files are those that pip would put there, but by PyPA installer, run from its
own wheel, and compiled by two processes: to start pip takes most of a second, and
it compiles alone.  What this way is not made for it declines, and pip is run.
"""

import sys

# ``-c`` puts the current folder first; nothing there is ours.
if sys.path and sys.path[0] == "":
    del sys.path[0]

import csv
import gc
import importlib.util
import json
import os
import re
import shutil
import sysconfig
import warnings

# Those that pip names after the Python that it is installed for, whatever its wheel says.
_PIP_COMMAND = re.compile(r"pip([0-9]+(\.[0-9]+)?)?")
_PIP_COMMANDS = ["pip", "pip{}".format(*sys.version_info), "pip{}.{}".format(*sys.version_info)]
# So many numbers of sources fit into a pipe.
_MOST = 16384


class DeclinedError(Exception):
    """This way does not apply; pip does."""


def scheme(user):
    """Return where pip installs to in this interpreter: ``purelib`` and ``scripts``.

    :param bool user: for the user alone.
    :rtype: dict(str, str)
    :raises DeclinedError: where only pip itself can tell.
    """
    new_enough = sys.version_info >= (3, 10)
    # pip's own rule, and the switch by which a distribution overrides it.
    if bool(getattr(sysconfig, "_PIP_USE_SYSCONFIG", new_enough)) != new_enough:
        raise DeclinedError("pip is told where to install to")
    return scheme_by_sysconfig(user) if new_enough else scheme_by_distutils(user)


def scheme_by_sysconfig(user):
    """Return the same from Python 3.10 on."""
    # No type checker for Python 3.6 knows it.
    preferred = getattr(sysconfig, "get_preferred_scheme")  # noqa: B009
    paths = sysconfig.get_paths(preferred("user" if user else "prefix"))
    return {name: paths[name] for name in ("purelib", "scripts")}


def scheme_by_distutils(user):
    """Return the same before Python 3.10: what distutils would do, which distributions patch."""
    try:
        # setuptools puts a distutils of its own in front, which is not what pip asks.
        importlib.import_module("_distutils_hack").remove_shim()
    except (ImportError, AttributeError):
        pass
    distribution = importlib.import_module("distutils.dist").Distribution()
    distribution.parse_config_files()
    if distribution.get_option_dict("install"):
        raise DeclinedError("distutils is configured")
    command = distribution.get_command_obj("install", create=True)
    if user:
        command.user = 1
        command.prefix = ""
    command.finalize_options()
    return {"purelib": command.install_purelib, "scripts": command.install_scripts}


def leftovers(name, site):
    """Return the folders of metadata that killed installs of a distribution left in a site.

    :param str name: as in the name of its wheel.
    :param str site: the folder.
    :rtype: list(str)
    :raises DeclinedError: where the distribution is there, for pip to see to what becomes of it.
    """
    found = []
    for entry in os.listdir(site) if os.path.isdir(site) else []:
        stem, extension = os.path.splitext(entry)
        if stem.partition("-")[0].lower() != name.lower() or extension not in (".dist-info", ".egg-info"):
            continue
        path = os.path.join(site, entry)
        record = os.path.join(path, "RECORD")
        # What a full disk left empty says nothing.
        recorded = os.path.lexists(record) and os.lstat(record).st_size > 0
        if extension == ".egg-info" or recorded or os.path.lexists(os.path.join(path, "INSTALLER")):
            raise DeclinedError("there is {} in {}".format(entry, site))
        found.append(path)
    return found


def sources_of(wheels, site):
    """Return the Python sources that wheels put into a site, in their order.

    :param list wheels: their paths.
    :rtype: list(str)
    :raises DeclinedError: where a wheel has more than that.
    """
    import zipfile

    sources = []
    for wheel in wheels:
        if not wheel.endswith("-none-any.whl"):
            raise DeclinedError("{} is for one platform".format(os.path.basename(wheel)))
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
        if any(".data" in name.partition("/")[0] for name in names):
            raise DeclinedError("{} has files for elsewhere".format(os.path.basename(wheel)))
        sources += [os.path.join(site, name) for name in names if name.endswith(".py")]
    if len(sources) > _MOST:
        raise DeclinedError("there are too many files")
    return sources


def compile_from(numbers, sources):
    """Write the bytecode of those sources whose numbers are read from a pipe, to its end."""
    import compileall

    for number in iter(lambda: os.read(numbers, 2), b""):
        # By force, as pip does: what a killed one left may look as if it were of now.
        compileall.compile_file(sources[int.from_bytes(number, "little")], force=True, quiet=2)


def beside(work):
    """Do some work in a process of its own, beside this one; return its id."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        work()
        status = 0
    except Exception as error:  # noqa: BLE001 - the parent would not see it
        sys.stderr.write("{}: {}\n".format(type(error).__name__, error))
        sys.stderr.flush()
    finally:
        os._exit(status)  # also where nobody can be told: what follows is the parent's


def unpack_and_compile(unpack, sources):
    """Unpack here while another process compiles what is there already; then compile together.

    :param unpack: callable of a function that is to be told of each file that is written.
    :param list sources: what is compiled of them.
    :raises SystemExit: where the other process failed; it has printed why.
    """
    turns = {path: number.to_bytes(2, "little") for number, path in enumerate(sources)}
    # A pipe is a queue that processes share: whoever reads a number compiles that source.
    numbers, feed = os.pipe()

    def compile_beside():
        os.close(feed)
        compile_from(numbers, sources)

    def written(path):
        if path in turns:
            os.write(feed, turns[path])

    other = beside(compile_beside)
    try:
        try:
            unpack(written)
        finally:
            os.close(feed)
        compile_from(numbers, sources)
    finally:
        os.close(numbers)
        failed = os.waitpid(other, 0)[1]
    if failed:
        raise SystemExit(1)


def unpacker(places, written):
    """Return a function that installs a wheel but for its end, and returns what is needed for that.

    :param dict places: as of ``scheme``.
    :param written: callable of each path that was written.
    """
    from installer import install
    from installer.destinations import SchemeDictionaryDestination
    from installer.sources import WheelFile

    class Destination(SchemeDictionaryDestination):
        """Overwrites, and leaves the end to us."""

        def write_to_fs(self, scheme, path, stream, *arguments, **options):
            target = os.path.normpath(os.path.join(places[scheme], path))
            if not target.startswith(os.path.join(places[scheme], "")):
                raise ValueError("{} leads out of {}".format(path, places[scheme]))
            # Never through a link, nor with the rights of what was there.
            if os.path.lexists(target):
                os.unlink(target)
            entry = super().write_to_fs(scheme, path, stream, *arguments, **options)
            self.rows[target] = "{}={}".format(entry.hash_.name, entry.hash_.value), entry.size
            written(target)
            return entry

        def write_script(self, name, module, attr, section):
            names = _PIP_COMMANDS if _PIP_COMMAND.fullmatch(name) else [name]
            return [super(Destination, self).write_script(own, module, attr, section) for own in names][-1]

        def finalize_installation(self, scheme, record_file_path, records):
            self.record = os.path.join(places[scheme], record_file_path)

    def unpack(wheel):
        destination = Destination(places, interpreter=sys.executable, script_kind="posix")
        destination.rows = {}
        with WheelFile.open(wheel) as source:
            # Whoever asks pip for something by name gets this mark.
            install(source=source, destination=destination, additional_metadata={"REQUESTED": b""})
        return destination.record, destination.rows

    return unpack


def finish(record, rows):
    """Write what says that a distribution is installed: whoever is killed before has installed nothing.

    :param str record: the path of its RECORD.
    :param dict rows: hash and size of each of its files, by path.
    """
    import base64
    import hashlib

    name = b"testnode-python\n"
    digest = base64.urlsafe_b64encode(hashlib.sha256(name).digest()).decode().rstrip("=")
    installer = os.path.join(os.path.dirname(record), "INSTALLER")
    rows = dict(rows)
    for path in [path for path in rows if path.endswith(".py")]:
        compiled = importlib.util.cache_from_source(path)
        if os.path.exists(compiled):
            rows[compiled] = "", ""
    rows.update({installer: ("sha256=" + digest, len(name)), record: ("", "")})
    site = os.path.dirname(os.path.dirname(record))
    lines = sorted((os.path.relpath(path, site), *map(str, row)) for path, row in rows.items())
    try:
        with open(record + ".part", "w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(lines)
        os.replace(record + ".part", record)
    except BaseException:
        os.unlink(record + ".part")
        raise
    with open(installer, "wb") as file:
        file.write(name)


def install_all(wheels, places):
    """Install wheels; arguments as of ``sources_of`` and ``scheme``."""
    finishes = []

    def unpack_all(written):
        unpack = unpacker(places, written)
        finishes.extend(unpack(wheel) for wheel in wheels)

    with warnings.catch_warnings():
        # What the sources are blamed for is of no interest to who installs them.
        warnings.simplefilter("ignore")
        unpack_and_compile(unpack_all, sources_of(wheels, places["purelib"]))
    for record, rows in finishes:
        finish(record, rows)


def main(job):
    """Do the job: ``wheels``, ``installer`` (its wheels), ``user`` (for them alone), ``umask``.

    :returns: ``declined``, the reason why nothing was done, or "".
    :rtype: dict
    """
    gc.disable()  # it would look through all that is compiled, and we end soon
    # Whatever the caller's umask: what others may write is not to be trusted.
    os.umask(os.umask(0o022) | 0o022 if job["umask"] is None else job["umask"])
    try:
        places = scheme(job["user"])
        names = [os.path.basename(wheel).partition("-")[0] for wheel in job["wheels"]]
        left = [path for name in names for path in leftovers(name, places["purelib"])]
        sources_of(job["wheels"], places["purelib"])
    except DeclinedError as reason:
        return {"declined": str(reason)}
    for path in left:
        # Of another version it would be taken for what is installed.
        shutil.rmtree(path, ignore_errors=True)
    sys.path[:0] = job["installer"]
    install_all(job["wheels"], places)
    return {"declined": ""}


if __name__ == "__main__":
    print("\n" + json.dumps(main(json.loads(sys.stdin.read()))), flush=True)
    os._exit(0)  # nothing is open any more, and to take all of it apart takes time
