"""One machine a session, booted from an image with our elements, and how long each step took."""

import contextlib
import pathlib
import shutil
import subprocess
import time

import pytest

from tests.functional.conftest import build
from tests.support import images, machines
from tests.support.controllers import Controller

SUITE = "bookworm"
TARGET = "cp311-linux_x86_64"
ELEMENTS = ("simple-init", "openssh-server", "devuser", "testnode-python-venvs", "testnode-python-audit")
HOSTNAME = "named-by-its-drive"
SECONDS = pytest.StashKey[dict]()


def pytest_configure(config):
    """Have a place for what is told at the end."""
    config.stash[SECONDS] = {}


def pytest_terminal_summary(terminalreporter, config):
    """Print how long the steps took."""
    if config.stash[SECONDS]:
        terminalreporter.section("seconds")
    for step, seconds in config.stash[SECONDS].items():
        terminalreporter.write_line(f"{step:16}{seconds:6.0f}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Show the machine's console beside a failure."""
    report = yield
    if report.failed and "machine" in item.funcargs:
        report.sections.append(("Serial console", item.funcargs["machine"].console()))
    return report


@pytest.fixture(scope="session")
def timed(request):
    """A context manager that notes how long a step took: ``with timed("boot"):``."""

    @contextlib.contextmanager
    def step(name):
        start = time.monotonic()
        yield
        request.config.stash[SECONDS][name] = time.monotonic() - start

    return step


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Where the image is made and what it is made of: GB, gone at the end."""
    images.require()
    machines.require()
    made = tmp_path_factory.mktemp("boot")
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="session")
def controller(folder):
    """A controller with no host yet, whose key lets the image's user zuul in."""
    (folder / "controller").mkdir()
    made = Controller(folder / "controller")
    with contextlib.closing(made):
        yield made


@pytest.fixture(scope="session")
def image(folder, controller, timed):
    """An image that boots, with a precache of its own target."""
    precache = pathlib.Path(build(folder / "precaches", "--no-get-pip", "--target", TARGET)[1])
    (folder / "image").mkdir()
    with timed("build"):
        built = images.build(
            SUITE,
            ELEMENTS,
            folder / "image",
            "tar,raw",
            INITRD="Yes",
            DIB_TESTNODE_PYTHON_PRECACHE=str(precache),
            DIB_DEV_USER_USERNAME="zuul",
            DIB_DEV_USER_SHELL="/bin/bash",
            DIB_DEV_USER_PWDLESS_SUDO="yes",
            DIB_DEV_USER_AUTHORIZED_KEYS=str(controller.folder / "key.pub"),
        )
    assert built.returncode == 0, built.output[-5000:]
    return built


@pytest.fixture(scope="session")
def key(folder):
    """A key that the config drive alone has; ``.pub`` is beside it."""
    made = folder / "drive-key"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "drive", "-f", str(made)], check=True
    )
    return made


@pytest.fixture(scope="session")
def machine(folder, image, key, timed):
    """The machine, when its sshd speaks."""
    drive = machines.config_drive(folder, HOSTNAME, key.with_suffix(".pub").read_text())
    with machines.Machine(folder, image, drive, key) as running:
        with timed("boot to ssh"):
            running.wait_for_ssh()
        yield running
