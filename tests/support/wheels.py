"""Real wheels without a network: small ones made up, known ones packed again."""

import base64
import csv
import hashlib
import io
import os
import re
import sys
import zipfile

_EPOCH = (1980, 1, 1, 0, 0, 0)
# What an installer adds beside what the wheel held.
_ADDED_BY_INSTALLER = {"INSTALLER", "REQUESTED", "RECORD", "direct_url.json", "uv_cache.json"}

_TOOL = '''\
"""A tool for tests: answers ``--version``."""


def main():
    print("{name} {version}")
'''


def make_wheel(
    folder, name, version, modules=None, *, console_scripts=None, requires=(), requires_python=None
):
    """Write a small pure wheel, byte for byte the same for the same arguments.

    :param str folder: where it goes.
    :param str name: the distribution's name.
    :param str version: its version.
    :param dict modules: path in the wheel -> text.
    :param dict console_scripts: command -> ``module:function``.
    :param requires: requirements, PEP 508.
    :param str requires_python: specifier, PEP 440.
    :returns: the wheel's path.
    :rtype: str
    """
    stem = "{}-{}".format(re.sub(r"[-_.]+", "_", name), version)
    info = stem + ".dist-info/"
    metadata = ["Metadata-Version: 2.1", "Name: " + name, "Version: " + version]
    if requires_python:
        metadata.append("Requires-Python: " + requires_python)
    metadata.extend("Requires-Dist: " + requirement for requirement in requires)
    files = {path: text.encode() for path, text in (modules or {}).items()}
    files[info + "METADATA"] = _lines(metadata)
    files[info + "WHEEL"] = _lines(
        ["Wheel-Version: 1.0", "Generator: tests", "Root-Is-Purelib: true", "Tag: py3-none-any"]
    )
    if console_scripts:
        points = ["{} = {}".format(command, target) for command, target in sorted(console_scripts.items())]
        files[info + "entry_points.txt"] = _lines(["[console_scripts]"] + points)
    return _write(os.path.join(str(folder), stem + "-py3-none-any.whl"), files, info)


def make_tool(folder, name, version, **options):
    """Write the wheel of a tool whose command has its name and answers ``--version``.

    :param options: as of :func:`make_wheel`.
    :returns: the wheel's path.
    :rtype: str
    """
    module = re.sub(r"[-_.]+", "_", name).lower()
    modules = {module + ".py": _TOOL.format(name=name, version=version)}
    return make_wheel(folder, name, version, modules, console_scripts={name: module + ":main"}, **options)


def rebuild_wheel(distribution_name, folder):
    """Pack the wheel of an installed distribution again, from its RECORD (PEP 376).

    Bytecode, scripts and the installer's own files stay out, as in the wheel
    that was installed; a wheel with data outside its packages does not come back whole.

    :param str distribution_name: as in ``pip``; looked for along ``sys.path``.
    :param str folder: where the wheel goes.
    :returns: the wheel's path.
    :rtype: str
    :raises LookupError: where it is not installed, or without a RECORD.
    """
    site, info = _installed(distribution_name)
    with open(os.path.join(site, info, "RECORD"), encoding="utf-8", newline="") as record:
        paths = [row[0] for row in csv.reader(record) if row and _belongs(row[0], info)]
    files = {}
    for path in paths:
        with open(os.path.join(site, path), "rb") as file:
            files[path] = file.read()
    stem = info[: -len(".dist-info")]
    tags = _tags(files[info + "/WHEEL"].decode())
    return _write(os.path.join(str(folder), "{}-{}.whl".format(stem, tags)), files, info + "/")


def _installed(name):
    wanted = _normalized(name)
    for site in sys.path:
        for entry in sorted(os.listdir(site)) if os.path.isdir(site) else ():
            if not entry.endswith(".dist-info") or _normalized(entry.split("-")[0]) != wanted:
                continue
            if os.path.exists(os.path.join(site, entry, "RECORD")):
                return site, entry
    raise LookupError("{} is not installed (with a RECORD) for {}".format(name, sys.executable))


def _belongs(path, info):
    if path.startswith(("../", "/")) or path.endswith((".pyc", "__pycache__")):
        return False
    folder, _, name = path.partition("/")
    return not (folder == info and name in _ADDED_BY_INSTALLER)


def _tags(text):
    """Return the tags of a WHEEL file as file names have them (PEP 425, compressed)."""
    tags = [line.split(":", 1)[1].strip().split("-") for line in text.splitlines() if line.startswith("Tag:")]
    return "-".join(".".join(sorted(set(part))) for part in zip(*tags))


def _normalized(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def _lines(lines):
    return ("\n".join(lines) + "\n").encode()


def _write(path, files, info):
    """Write the wheel: packages first, then the metadata, RECORD last (PEP 427)."""
    names = sorted(files, key=lambda name: (name.startswith(info), name))
    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    for name in names:
        digest = base64.urlsafe_b64encode(hashlib.sha256(files[name]).digest()).rstrip(b"=")
        rows.writerow([name, "sha256=" + digest.decode(), len(files[name])])
    rows.writerow([info + "RECORD", "", ""])
    half_made = path + ".part"
    with zipfile.ZipFile(half_made, "w") as wheel:
        for name in names:
            wheel.writestr(_member(name), files[name])
        wheel.writestr(_member(info + "RECORD"), record.getvalue().encode())
    os.replace(half_made, path)
    return path


def _member(name):
    member = zipfile.ZipInfo(name, _EPOCH)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o100644 << 16
    return member
