"""What the tools are called as packages of distributions: data, and how to choose from it."""

import re

from .errors import Error

OS_RELEASE = "/etc/os-release"

# As ID in os-release(5).  RHEL's clones are the same as it.
_FAMILIES = {
    "debian": "debian",
    "ubuntu": "debian",
    "fedora": "fedora",
    "rhel": "rhel",
    "centos": "rhel",
    "rocky": "rhel",
    "almalinux": "rhel",
}

# By tool and family.  A key with releases holds for those only; RHEL has few of the tools, and no
# wheel any more since 10, where setuptools does its work.
_NAMES = {
    "pip": {
        "debian": ["python3-pip", "python3-setuptools", "python3-venv", "python3-wheel"],
        "fedora": ["python3-pip", "python3-setuptools", "python3-wheel"],
        "rhel 8 9": ["python3-pip", "python3-setuptools", "python3-wheel"],
        "rhel 10": ["python3-pip", "python3-setuptools"],
    },
    "virtualenv": {
        "debian": ["virtualenv"],
        "fedora": ["python3-virtualenv"],
        "rhel 8": ["python3-virtualenv"],
    },
    "tox": {"debian": ["tox"], "fedora": ["tox"]},
    "nox": {"debian": ["nox"], "fedora": ["nox"]},
    "stestr": {"debian": ["python3-stestr"], "fedora": ["python3-stestr"]},
    "bindep": {"debian": ["bindep"]},
    "build": {"debian": ["python3-build"], "fedora": ["python3-build"]},
}


def names_of(tool, os_release):
    """Return the packages that give a tool.

    :param str tool: its name.
    :param str os_release: content of ``/etc/os-release``.
    :rtype: list(str)
    :raises Error: where they are not known, naming what to set.
    """
    values = dict(re.findall(r"^(\w+)=[\"']?([^\"'\n]*)", os_release, re.MULTILINE))
    family = _FAMILIES.get(values.get("ID", ""), "")
    release = values.get("VERSION_ID", "").partition(".")[0]
    for key, names in _NAMES.get(tool, {}).items():
        name, *releases = key.split()
        if name == family and (not releases or release in releases):
            return names
    raise Error(
        "the packages of {} are not known for {} {}".format(
            tool, values.get("ID") or "this distribution", values.get("VERSION_ID", "")
        ).strip(),
        "name them: packages of the module, or the role's variable that ends in _packages",
    )


def here(tool):
    """Return the packages that give a tool on this machine; raises as ``names_of``."""
    try:
        with open(OS_RELEASE, encoding="utf-8") as file:
            text = file.read()
    except OSError:
        text = ""
    return names_of(tool, text)
