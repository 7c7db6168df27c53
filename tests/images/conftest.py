"""Images with our elements, made once a session each, and their sizes as a table at the end."""

import os
import pathlib
import shutil
import time
from typing import NamedTuple

import pytest

from tests.functional.conftest import SUITES, build
from tests.support import images
from tests.support.roots import Root
from tests.support.server import Site

TARGETS = {"bullseye": "cp39-linux_x86_64", "bookworm": "cp311-linux_x86_64", "trixie": "cp313-linux_x86_64"}
ELEMENTS = ("simple-init", "testnode-python-venvs", "testnode-python-audit")
# Where an element of ours puts what the image is to have.
OURS = {
    "venvs": "usr/local/lib/testnode-python",
    "glean": "usr/glean",
    "precache": "opt/cache/testnode-python",
}
FACTS = pytest.StashKey[dict]()


class Image(NamedTuple):
    """An image: its root, what its build printed, and what that asked of the index that it was shown."""

    suite: str
    root: Root
    output: str
    asked: list

    @property
    def path(self):
        """The folder that it was unpacked in."""
        return pathlib.Path(self.root.layers[0])


def pytest_configure(config):
    """Have a place for what is told at the end."""
    config.stash[FACTS] = {}


def pytest_terminal_summary(terminalreporter, config):
    """Print how long the builds took, and what is how large."""
    rows = config.stash[FACTS]
    if not rows:
        return
    terminalreporter.section("images: seconds, and MB (files)")
    headings = ["image", "seconds", "all", *OURS]
    for row in [headings, *([suite, *facts] for suite, facts in rows.items())]:
        terminalreporter.write_line("  ".join(str(cell).ljust(18) for cell in row).rstrip())


def size_of(folder):
    """Return the bytes that a folder takes on a disk of 4 KiB blocks, and its files."""
    taken = files = 0
    for parent, _, names in os.walk(folder):
        files += len(names)
        sizes = [os.lstat(os.path.join(parent, name)).st_size for name in [".", *names]]
        taken += sum((size + 4095) // 4096 * 4096 for size in sizes)
    return taken, files


@pytest.fixture(scope="session")
def precache(tmp_path_factory):
    """A precache of all tools, for the Pythons of all releases."""
    folder = tmp_path_factory.mktemp("precaches")
    for open_to_all in (folder, folder.parent):
        os.chmod(open_to_all, 0o755)
    targets = [word for target in TARGETS.values() for word in ("--target", target)]
    return pathlib.Path(build(folder, "--no-get-pip", *targets)[1])


@pytest.fixture(scope="session")
def build_image(precache, tmp_path_factory):
    """A maker of builds: ``build_image(suite, *elements, **variables)`` returns the build and what it asked.

    All that pip can be told of an index is that of a server that has nothing and keeps a record.
    """
    images.require()

    def make(suite, *elements, **variables):
        folder = tmp_path_factory.mktemp(f"image-{suite}-")
        with Site({}) as nothing:
            seen = {"DIB_TESTNODE_PYTHON_PRECACHE": str(precache), "PIP_INDEX_URL": nothing.base_url}
            # As hosts have it: what it names is not in the image.
            seen.update({"PIP_FIND_LINKS": "/nonexistent", "PIP_RETRIES": "0"}, **variables)
            built = images.build(suite, elements, folder, **seen)
            return built, [request.path for request in nothing.requests]

    return make


@pytest.fixture(scope="session")
def image_of(build_image, tmp_path_factory, request):
    """A maker of images with all that is ours: ``image_of(suite)``; each takes a GB until the end."""
    parent = tmp_path_factory.mktemp("roots")
    made = {}

    def make(suite):
        if suite not in made:
            start = time.monotonic()
            built, asked = build_image(suite, *ELEMENTS)
            seconds = time.monotonic() - start
            folder = parent / suite
            folder.mkdir(mode=0o755)
            made[suite] = Image(suite, built.unpacked(suite, folder), built.output, asked)
            sizes = [size_of(folder), *(size_of(folder / place) for place in OURS.values())]
            cells = [f"{size / 1e6:.0f} ({files})" for size, files in sizes]
            request.config.stash[FACTS][suite] = [f"{seconds:.0f}", *cells]
        return made[suite]

    yield make
    shutil.rmtree(parent)


@pytest.fixture(params=SUITES)
def image(request, image_of):
    """The image of each release."""
    return image_of(request.param)
