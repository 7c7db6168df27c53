"""A stand-in for the site that serves ``get-pip.py``: same rules, a real pip inside."""

import base64
import io
import zipfile

from .server import Site

_SCRIPT = '''\
#!/usr/bin/env python
"""Installs pip; carries pip {version}. A stand-in, made for tests."""
import sys

MINIMUM = {minimum!r}
if sys.version_info[:2] < MINIMUM:
    here = "{{}}.{{}}".format(*sys.version_info[:2])
    print(
        "ERROR: get-pip.py for Python {{}}.{{}} and newer was started with Python {{}}; "
        "there is pip/{{}}/get-pip.py for that.".format(MINIMUM[0], MINIMUM[1], here, here)
    )
    sys.exit(1)

import base64
import importlib.util
import io
import os
import runpy
import tempfile
import zipfile

OPTIONAL = ["setuptools", "wheel"]


def wanted(name, arguments):
    """Say whether a companion of pip is to be installed beside it."""
    if "--no-" + name in arguments or os.environ.get("PIP_NO_" + name.upper()):
        return False
    return sys.version_info < (3, 12) and importlib.util.find_spec(name) is None


def main():
    given = sys.argv[1:]
    options = [word for word in given if word not in ("--no-setuptools", "--no-wheel")]
    names = ["pip"] + [name for name in OPTIONAL if wanted(name, given)]
    with tempfile.TemporaryDirectory() as folder:
        # Unpacked, so that this pip finds the certificates that it carries.
        with zipfile.ZipFile(io.BytesIO(base64.b85decode(PIP.replace(b"\\n", b"")))) as carried:
            carried.extractall(folder)
        sys.path.insert(0, folder)
        sys.argv[1:] = ["install", "--upgrade", "--force-reinstall"] + options + names
        runpy.run_module("pip", run_name="__main__", alter_sys=True)


PIP = b"""
{pip}
"""

if __name__ == "__main__":
    main()
'''


def make_get_pip(pip_wheel, minimum=(3, 10)):
    """Return the text of a ``get-pip.py`` that carries this pip.

    Source of its rules: https://github.com/pypa/get-pip.

    :param str pip_wheel: path of a real wheel of pip.
    :param tuple minimum: the oldest Python that it serves.
    :rtype: str
    """
    carried = base64.b85encode(_without_metadata(pip_wheel)).decode()
    version = str(pip_wheel).replace("\\", "/").rsplit("/", 1)[-1].split("-")[1]
    lines = [carried[start : start + 79] for start in range(0, len(carried), 79)]
    return _SCRIPT.format(version=version, minimum=tuple(minimum), pip="\n".join(lines))


def get_pip_site(pip_wheel, older=(), minimum=(3, 10), **options):
    """Return a :class:`Site` of ``/get-pip.py`` and ``/pip/X.Y/get-pip.py``.

    :param str pip_wheel: the wheel that every one of them carries, or with
        ``older`` a mapping, the newest only.
    :param older: Pythons as ``(3, 9)`` that have a file of their own; a
        mapping gives each its own wheel.
    :param tuple minimum: the oldest Python of the newest file.
    :param options: as of :class:`tests.support.server.Server`.
    """
    files = {"/get-pip.py": make_get_pip(pip_wheel, minimum).encode()}
    for python in older:
        wheel = older[python] if isinstance(older, dict) else pip_wheel
        files["/pip/{}.{}/get-pip.py".format(*python)] = make_get_pip(wheel, python).encode()
    return Site(files, **options)


def _without_metadata(pip_wheel):
    """Return the wheel without its dist-info: pip must not take itself for installed there."""
    kept = io.BytesIO()
    with zipfile.ZipFile(str(pip_wheel)) as wheel, zipfile.ZipFile(
        kept, "w", zipfile.ZIP_DEFLATED
    ) as carried:
        for member in wheel.infolist():
            if ".dist-info/" not in member.filename:
                carried.writestr(member, wheel.read(member))
    return kept.getvalue()
