"""Make a venv and install wheels into it (runs in the interpreter it is made for).

PyPA installer does the installing, run from its own wheel: pip would take
seconds to import, and ensurepip seconds more.
"""

import json
import os
import sys
import sysconfig
import venv


def make(path):
    """Make a venv without pip.

    :param str path: its folder.
    """
    venv.EnvBuilder(symlinks=True, with_pip=False).create(path)


def install(path, wheels):
    """Install wheels into a venv of this interpreter.

    :param str path: the venv.
    :param list wheels: paths of wheels.
    """
    from installer import install as install_wheel
    from installer.destinations import SchemeDictionaryDestination
    from installer.sources import WheelFile

    variables = {"base": path, "platbase": path, "installed_base": path, "installed_platbase": path}
    # Distributions patch the default scheme; a venv is always laid out like this.
    names = ("purelib", "platlib", "scripts", "data", "headers")
    scheme = {}
    for name in names:
        key = "include" if name == "headers" else name
        scheme[name] = sysconfig.get_path(key, "posix_prefix", variables)
    destination = SchemeDictionaryDestination(
        scheme, interpreter=os.path.join(path, "bin", "python"), script_kind="posix"
    )
    for wheel in wheels:
        with WheelFile.open(wheel) as source:
            install_wheel(source=source, destination=destination, additional_metadata={"INSTALLER": b"testnode-python\n"})


def install_side_by_side(path, wheels):
    """Install wheels in two processes: creating a thousand files waits for the kernel.

    :param str path: the venv.
    :param list wheels: paths of wheels.
    :raises SystemExit: where the other process failed (it has printed why).
    """
    shares = ([], [])
    sizes = [0, 0]
    for wheel in sorted(wheels, key=os.path.getsize, reverse=True):
        lighter = sizes.index(min(sizes))
        shares[lighter].append(wheel)
        sizes[lighter] += os.path.getsize(wheel)
    other = os.fork()
    if other == 0:
        status = 1
        try:
            install(path, shares[1])
            status = 0
        except Exception as error:  # noqa: BLE001 - the parent cannot see it otherwise
            sys.stderr.write("{}: {}\n".format(type(error).__name__, error))
            sys.stderr.flush()
        os._exit(status)
    try:
        install(path, shares[0])
    finally:
        status = os.waitpid(other, 0)[1]
    if status != 0:
        raise SystemExit(1)


def main(job):
    """Do the job: ``path``, ``wheels``, ``installer`` (its wheels), ``umask``, ``compile``."""
    if job["umask"] is not None:
        os.umask(job["umask"])
    make(job["path"])
    if job["wheels"]:
        sys.path[:0] = job["installer"]
        install_side_by_side(job["path"], job["wheels"])
    if job["compile"]:
        import compileall

        compileall.compile_dir(os.path.join(job["path"], "lib"), quiet=2)


if __name__ == "__main__":
    main(json.loads(sys.stdin.read()))
    print("\n{}")
