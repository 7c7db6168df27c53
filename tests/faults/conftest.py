"""What the fault tests stand on: two precaches of a tool, and a place, also on overlayfs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.precaches import make_precache
from tests.support.roots import overlay
from tests.support.wheels import make_wheel

CHECKOUT = Path(__file__).resolve().parents[2]

_TOOL = """\
import sys


def main():
    if sys.argv[1:] == ["--wait"]:
        print("ready", flush=True)
        sys.stdin.readline()
        from patient import late  # read from disk only now

        print(late.VERSION)
        return
    print("patient {version}")
"""


def _tool_wheel(folder, version):
    modules = {
        "patient/__init__.py": "",
        "patient/main.py": _TOOL.format(version=version),
        "patient/late.py": "VERSION = {!r}\n".format(version),
    }
    modules.update({"patient/data/{}.py".format(number): "N = {}\n".format(number) for number in range(100)})
    return make_wheel(folder, "patient", version, modules, console_scripts={"patient": "patient.main:main"})


@pytest.fixture(scope="session")
def precaches(tmp_path_factory):
    """Paths of precaches by the version of the tool ``patient`` that they hold."""
    made = {}
    for version in ("1.0", "2.0"):
        folder = tmp_path_factory.mktemp("precache")
        wheel = _tool_wheel(str(tmp_path_factory.mktemp("wheels")), version)
        make_precache(str(folder), {"patient": [wheel]})
        made[version] = folder
    return made


class Caller:
    """Somebody with a home folder who calls the command line there."""

    def __init__(self, home, precaches, kind="plain"):
        self.home = home
        self.kind = kind
        self.precaches = precaches
        self.program = str(home / ".local" / "patient" / "bin" / "patient")

    def command(self, version, *options):
        """Return the words that make a version of the tool ready."""
        words = [
            sys.executable,
            str(CHECKOUT / "testnode-python"),
            "ensure",
            "patient",
            "--version",
            "==" + version,
        ]
        words += [
            "--python",
            sys.executable,
            "--precache",
            str(self.precaches[version]),
            "--sources",
            "system,precache",
        ]
        return words + list(options)

    def start(self, version, *options):
        """Start the command line; it ends in its own time."""
        return subprocess.Popen(
            self.command(version, *options),
            env={"HOME": str(self.home), "PATH": "/usr/bin:/bin"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def ensure(self, version):
        """Make a version ready; return the path that was printed."""
        with self.start(version) as process:
            output, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()
        return output.decode().strip()

    def answer(self):
        """Return what the tool says of itself."""
        return (
            subprocess.run([self.program], stdout=subprocess.PIPE, check=True, timeout=60)
            .stdout.decode()
            .strip()
        )

    def trees(self):
        """Return the names of the environments that lie there, current or not."""
        return sorted(path.name for path in (self.home / ".local").glob(".patient-*"))


@pytest.fixture(params=["plain", "overlayfs"])
def caller(request, tmp_path, precaches):
    """A caller whose version 1.0 is there already; on overlayfs it lies in the lower layer."""
    home = tmp_path / "home"
    home.mkdir()
    Caller(home, precaches).ensure("1.0")
    if request.param == "plain":
        yield Caller(home, precaches)
        return
    if os.geteuid() != 0:
        pytest.skip("mounting an overlayfs needs root")
    with overlay(home, at=home):
        yield Caller(home, precaches, "overlayfs")
