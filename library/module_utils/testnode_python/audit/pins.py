"""What keeps packages at a version besides holds: files of the package managers, listed."""

from typing import List, NamedTuple

from .imageroot import sentence

_APT = ("/etc/apt/preferences", "/etc/apt/preferences.d/*")
_DNF = ("/etc/dnf/plugins/versionlock.list", "/etc/yum/pluginconf.d/versionlock.list")
_MOST = 4 * 1024 * 1024


class Pin(NamedTuple):
    """A file that pins packages, and their names or patterns as it has them."""

    path: str
    packages: List[str]


def find(root, notes):
    """Find the files that pin something (apt_preferences(5), dnf's versionlock).

    :param Root root: the system.
    :param list notes: gets a sentence for each that cannot be read.
    :rtype: list(Pin)
    """
    found = []
    for pattern in _APT + _DNF:
        for path in root.matching(pattern, notes):
            try:
                text = root.read(path, _MOST).decode("utf-8", "replace")
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                notes.append(sentence(path, error))
                continue
            lines = [line.strip() for line in text.split("\n")]
            if pattern in _APT:
                packages = [line[len("Package:") :].strip() for line in lines if line.startswith("Package:")]
            else:
                packages = [line.split()[0] for line in lines if line and not line.startswith("#")]
            if packages:
                found.append(Pin(path, packages))
    return found
