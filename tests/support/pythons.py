"""Interpreters to install into: thrown away, never one of the machine's own."""

import os
import shutil
import subprocess
import sys
import sysconfig
import unittest
import venv

SERIES = "python{}.{}".format(*sys.version_info[:2])


def make_venv(folder):
    """Make a venv without pip; return its interpreter."""
    venv.EnvBuilder(symlinks=True, with_pip=False).create(str(folder))
    return os.path.join(str(folder), "bin", "python")


def make_python(folder, without=(), externally_managed=False):
    """Make an interpreter that is no venv: the running one's binary, links to its library, a site of its own.

    :param str folder: its prefix.
    :param without: modules and packages that its distribution split off.
    :param bool externally_managed: whether it has the marker of PEP 668.
    :returns: its path.
    :rtype: str
    :raises unittest.SkipTest: where the running Python cannot be moved like that.
    """
    library = os.path.join(str(folder), "lib", SERIES)
    os.makedirs(os.path.join(library, "site-packages"))
    os.makedirs(os.path.join(str(folder), "bin"))
    _link_all(sysconfig.get_path("stdlib"), library, set(without) | {"EXTERNALLY-MANAGED"})
    # Where the library of a shared build is looked for; folders there may be sites of the machine.
    shared = os.path.join(sys.base_prefix, "lib")
    for name in os.listdir(shared):
        if name.startswith("libpython") and ".so" in name:
            os.symlink(os.path.join(shared, name), os.path.join(str(folder), "lib", name))
    if externally_managed:
        with open(os.path.join(library, "EXTERNALLY-MANAGED"), "w") as marker:
            marker.write("[externally-managed]\nError=Ask the distribution.\n")
    python = os.path.join(str(folder), "bin", "python3")
    shutil.copy(os.path.realpath(sys.executable), python)
    told = subprocess.run(
        [python, "-c", "import sys; print(sys.prefix)"],
        env={},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )
    if told.stdout.strip() != str(folder):
        raise unittest.SkipTest("this Python cannot be moved: " + (told.stderr or told.stdout))
    return python


def _link_all(folder, to, left_out):
    for name in os.listdir(folder):
        if name != "site-packages" and not {name, os.path.splitext(name)[0]} & left_out:
            os.symlink(os.path.join(folder, name), os.path.join(to, name))


def site_of(python):
    """Return where an interpreter keeps what is installed for all."""
    ask = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    return subprocess.check_output(ask, env={}, universal_newlines=True).strip()


def give(python, name, version):
    """Put a distribution into an interpreter's own site that can be imported and does nothing."""
    prefix = os.path.dirname(os.path.dirname(python))
    site = site_of(python)
    info = os.path.join(site, "{}-{}.dist-info".format(name, version))
    for folder in (os.path.join(site, name), info):
        os.makedirs(folder)
    files = {
        os.path.join(site, name, "__init__.py"): "",
        os.path.join(info, "METADATA"): "Metadata-Version: 2.1\nName: {}\nVersion: {}\n".format(
            name, version
        ),
        os.path.join(info, "INSTALLER"): "pip\n",
        os.path.join(info, "RECORD"): "{0}/__init__.py,,\n{0}-{1}.dist-info/RECORD,,\n".format(name, version),
    }
    if name == "pip":
        files[os.path.join(prefix, "bin", "pip3")] = "#!/bin/sh\n"
    for path, text in files.items():
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o755 if os.path.basename(path) == "pip3" else 0o644)
