"""Make a venv and install wheels into it (runs in the interpreter it is made for).

PyPA installer does the installing, run from its own wheel: pip would take
seconds to import, and ensurepip seconds more.
"""

import gc
import json
import os
import re
import sys
import sysconfig

# Import statements of a module itself; those in functions wait until they are called.
_FROM = re.compile(r"\nfrom +([.\w]+) +import +(\([^)]*\)|.*)")
_IMPORT = re.compile(r"\nimport +(.*)")
_COMMENT = re.compile(r"#.*")
_NAME = re.compile(r"(?:^|[,(])\s*([\w.]+)")
# How many turns two processes take at most: their numbers have to fit into a pipe.
_TURNS = 4096


def aside(work):
    """Do some work in a process of its own, beside this one.

    :param work: callable without arguments.
    :returns: what ``finish`` needs.
    :rtype: int
    """
    child = os.fork()
    if child == 0:
        _end_with(work)
    return child


def _end_with(work):
    status = 1
    try:
        work()
        status = 0
    except Exception as error:  # noqa: BLE001 - the parent would not see it
        sys.stderr.write("{}: {}\n".format(type(error).__name__, error))
        sys.stderr.flush()
    os._exit(status)


def finish(child):
    """Wait for work that was done aside.

    :raises SystemExit: where it failed; it has printed why.
    """
    if os.waitpid(child, 0)[1] != 0:
        raise SystemExit(1)


def make(path):
    """Make a venv without pip.

    :param str path: its folder.
    """
    import venv  # here, because whoever only hands this file on need not wait for it

    venv.EnvBuilder(symlinks=True, with_pip=False).create(path)


def biggest_first(wheels):
    """Return wheels in the order in which two processes are done soonest: by their number of files."""
    import zipfile

    counted = []
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            counted.append((len(archive.namelist()), wheel))
    return [wheel for _, wheel in sorted(counted, reverse=True)]


def in_two_processes(work, items):
    """Do some work for each item, each process taking the next when it is done with one.

    :param work: callable of an item.
    :param list items: what there is to do.
    :raises SystemExit: where the other process failed.
    """
    # A pipe is a queue that processes share: whoever reads a number does what is of that turn.
    turns = min(len(items), _TURNS)
    numbers, feed = os.pipe()
    os.write(feed, b"".join(number.to_bytes(2, "little") for number in range(turns)))
    os.close(feed)

    def take():
        for number in iter(lambda: os.read(numbers, 2), b""):
            for item in items[int.from_bytes(number, "little") :: turns]:
                work(item)

    other = aside(take)
    try:
        take()
    finally:
        os.close(numbers)
        finish(other)


def installer_into(path):
    """Return a function that installs a wheel into a venv of this interpreter.

    :param str path: the venv, which need not be there yet.
    """
    from installer import install
    from installer.destinations import SchemeDictionaryDestination
    from installer.sources import WheelFile

    # Distributions patch their default scheme; a venv is always laid out like this.
    roots = {"base": path, "platbase": path, "installed_base": path, "installed_platbase": path}
    scheme = {
        name: sysconfig.get_path("include" if name == "headers" else name, "posix_prefix", roots)
        for name in ("purelib", "platlib", "scripts", "data", "headers")
    }
    destination = SchemeDictionaryDestination(
        scheme, interpreter=os.path.join(path, "bin", "python"), script_kind="posix"
    )
    metadata = {"INSTALLER": b"testnode-python\n"}

    def install_wheel(wheel):
        with WheelFile.open(wheel) as source:
            install(source=source, destination=destination, additional_metadata=metadata)

    return install_wheel


def fill(path, wheels):
    """Make a venv and install wheels into it.

    In two processes: one imports what the other does not need yet, and what takes
    the time is to create a thousand files.

    :param str path: the venv.
    :param list wheels: paths of wheels.
    :raises SystemExit: where the other process failed.
    """
    making = aside(lambda: make(path))
    try:
        install_wheel = installer_into(path)
        ordered = biggest_first(wheels)
    finally:
        finish(making)
    in_two_processes(install_wheel, ordered)


def imports_of(text, package):
    """Return what a module may import when it is imported itself.

    :param str text: its source.
    :param str package: the package that it lies in; "" for none.
    :returns: dotted names; some are of no module, but of what is in one.
    :rtype: list(str)
    """
    text = "\n" + text
    names = [name for line in _IMPORT.findall(text) for name in _NAME.findall(_COMMENT.sub("", line))]
    for origin, line in _FROM.findall(text):
        level = len(origin) - len(origin.lstrip("."))
        if level:
            parents = package.split(".")[: len(package.split(".")) + 1 - level]
            origin = ".".join(parents + list(filter(None, [origin.lstrip(".")])))
        names.append(origin)
        names += ["{}.{}".format(origin, name) for name in _NAME.findall(_COMMENT.sub("", line))]
    return names


def file_of(module, site):
    """Return the path of a module's source in a folder, or "" where it has none there."""
    path = os.path.join(site, *module.split("."))
    files = [os.path.join(path, "__init__.py"), path + ".py"]
    return next((file for file in files if os.path.isfile(file)), "")


def needed_by(script, site):
    """Return the sources that a script imports when it starts, as far as statements tell.

    :param str script: its path; what is not there or no script needs nothing.
    :param str site: the folder that its modules are in.
    :rtype: list(str)
    """
    if not os.path.isfile(script):
        return []
    with open(script, "rb") as file:
        names = imports_of(file.read().decode(errors="replace"), "") if file.read(2) == b"#!" else []
    found = {}
    while names:
        name = names.pop()
        if name in found:
            continue
        found[name] = path = file_of(name, site)
        if path:
            package = name if path.endswith("__init__.py") else name.rpartition(".")[0]
            with open(path, encoding="utf-8", errors="replace") as file:
                names += imports_of(file.read(), package)
            names += [name.rpartition(".")[0]] if "." in name else []
    return sorted(filter(None, found.values()))


def sources_below(folder):
    """Return all Python sources below a folder."""
    return [
        os.path.join(place, name)
        for place, _, names in os.walk(folder)
        for name in sorted(names)
        if name.endswith(".py")
    ]


def compile_sources(paths):
    """Write the bytecode of sources."""
    import compileall

    in_two_processes(lambda path: compileall.compile_file(path, quiet=2), paths)


def main(job):
    """Do the job: ``path``, ``wheels``, ``installer`` (its wheels), ``umask``, ``compile``, ``command``.

    All is compiled where others than its maker will run it, else what the command needs to start.
    """
    gc.disable()  # it would look through all that is compiled, and we end soon
    # Whatever the caller's umask: what others may write is not to be trusted.
    os.umask(os.umask(0o022) | 0o022 if job["umask"] is None else job["umask"])
    if job["wheels"]:
        sys.path[:0] = job["installer"]
        fill(job["path"], job["wheels"])
    else:
        make(job["path"])
    site = sysconfig.get_path("purelib", "posix_prefix", {"base": job["path"]})
    if job["compile"]:
        compile_sources(sources_below(site))
    elif job["wheels"]:
        compile_sources(needed_by(os.path.join(job["path"], "bin", job["command"]), site))


if __name__ == "__main__":
    main(json.loads(sys.stdin.read()))
    print("\n{}", flush=True)
    os._exit(0)  # nothing is open any more, and to take all of it apart takes time
