"""Make a venv and install wheels into it (runs in the interpreter it is made for).

PyPA installer does the installing, run from its own wheel: pip would take
seconds to import, and ensurepip seconds more.
"""

import json
import os
import sys
import sysconfig


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


def shares_of(wheels):
    """Divide wheels into two shares of about as many files.

    :param list wheels: paths of wheels.
    :rtype: tuple(list, list)
    """
    import zipfile

    counted = []
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            counted.append((len(archive.namelist()), wheel))
    shares, files = ([], []), [0, 0]
    for count, wheel in sorted(counted, reverse=True):
        lighter = files.index(min(files))
        shares[lighter].append(wheel)
        files[lighter] += count
    return shares


def installer_into(path):
    """Return a function that installs wheels into a venv of this interpreter.

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

    def install_wheels(wheels):
        for wheel in wheels:
            with WheelFile.open(wheel) as source:
                install(source=source, destination=destination, additional_metadata=metadata)

    return install_wheels


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
        install_wheels = installer_into(path)
        ours, others = shares_of(wheels)
    finally:
        finish(making)
    installing = aside(lambda: install_wheels(others))
    try:
        install_wheels(ours)
    finally:
        finish(installing)


def main(job):
    """Do the job: ``path``, ``wheels``, ``installer`` (its wheels), ``umask``, ``compile``."""
    # Whatever the caller's umask: what others may write is not to be trusted.
    os.umask(os.umask(0o022) | 0o022 if job["umask"] is None else job["umask"])
    if job["wheels"]:
        sys.path[:0] = job["installer"]
        fill(job["path"], job["wheels"])
    else:
        make(job["path"])
    if job["compile"]:
        import compileall

        compileall.compile_dir(os.path.join(job["path"], "lib"), quiet=2)


if __name__ == "__main__":
    main(json.loads(sys.stdin.read()))
    print("\n{}")
