"""Nodes in the states of DESIGN.md's table, and a controller of the Ansible that runs the tests."""

import os
import pathlib
import zlib

import pytest

from tests.support import roots
from tests.support.controllers import with_ssh
from tests.support.get_pip import get_pip_site
from tests.support.index import Index

from ..conftest import SUITES, build

TARGETS = {"bullseye": "cp39", "bookworm": "cp311", "trixie": "cp313"}
SYSTEM_VENVS = ("virtualenv", "tox", "bindep")


def pytest_collection_modifyitems(config, items):
    """Leave the other thirds of the table out."""
    third = config.getoption("--third")
    if third is None:
        return
    others = [item for item in items if _third_of(item) not in (None, third)]
    items[:] = [item for item in items if item not in others]
    config.hook.pytest_deselected(items=others)


def _third_of(item):
    if pathlib.Path(__file__).parent not in item.path.parents:
        return None
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    if not {"suite", "state"} <= set(parameters):
        return zlib.crc32(item.name.encode()) % 3
    return (SUITES.index(parameters["suite"]) + STATES.index(parameters["state"])) % 3


class State:
    """A state of a node: its layers, its network, its user's rights."""

    def __init__(self, *, venv=True, layers=(), network=True, sudo=True, mirror=False):
        self.venv = venv
        self.layers = layers
        self.network = network
        self.sudo = sudo
        self.mirror = mirror


KINDS = {
    "prepared": State(layers=("precache", "venvs"), network=False),
    "precached": State(layers=("precache",), network=False),
    "bare": State(mirror=True),
    "minimal": State(venv=False, mirror=True),
    "minimal and precached": State(venv=False, layers=("precache",), network=False),
    "old image": State(layers=("old",), network=False),
    "no sudo": State(layers=("precache",), network=False, sudo=False),
    "cut off": State(network=False),
}
# What the table is about; and one that only has the way to indexes and archives that this machine has.
STATES = list(KINDS)
KINDS["online"] = State()


@pytest.fixture(scope="session")
def layers(tmp_path_factory):
    """A maker of the layers that states are made of; each is made once a session, by the code as it is."""
    folder = tmp_path_factory.mktemp("layers")
    os.chmod(folder, 0o755)
    os.chmod(folder.parent, 0o755)
    targets = [word for python in TARGETS.values() for word in ("--target", python + "-linux_x86_64")]
    precache = pathlib.Path(build(folder / "precaches", "--no-get-pip", *targets)[1])
    made = {}

    def precached():
        roots.put_precache(str(folder / "precached"), precache)
        return folder / "precached"

    def layer(name, root):
        if name == "precache":
            return made.get(name) or made.setdefault(name, precached())
        key = name, root.suite
        if key not in made:
            place = folder / "-".join(key)
            place.mkdir()
            made[key] = root.prepared_in(place, {"venvs": system_venvs, "old": old_image}[name])
        return made[key]

    layer.wheels = precache / "wheels"
    return layer


def system_venvs(node):
    """Put system-level venvs with links into a node, as an image build does."""
    install = ["venvs", "install", *SYSTEM_VENVS, "--link-dir", "/usr/local/bin"]
    node.run(["python3", "/src/testnode-python", *install], network=False)


def old_image(node):
    """Put pip and the tools into a node's global Python, as images of old have them."""
    node.run(["python3", "/src/testnode-python", "ensure", "pip"])
    environ = {"PIP_BREAK_SYSTEM_PACKAGES": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    node.run(["pip3", "install", "-q", *SYSTEM_VENVS], env=environ)


@pytest.fixture(scope="session")
def index(layers):
    """A real package index on loopback with the wheels of the precache, and nothing else."""
    with Index(layers.wheels) as served:
        yield served


@pytest.fixture
def get_pip(layers):
    """A site with get-pip.py: the stand-in that obeys upstream's rules, with the real pip inside."""
    wheel = max(
        layers.wheels.glob("pip-*.whl"), key=lambda path: [int(n) for n in path.name.split("-")[1].split(".")]
    )
    with get_pip_site(str(wheel)) as site:
        yield site


@pytest.fixture
def node_in(layers, stack, controller, index):
    """A maker of nodes: ``node_in(suite, state)``; each is a host of the controller, named ``node``."""

    def make(suite, state, name="node", user="zuul", **variables):
        kind = KINDS[state]
        root = with_ssh(roots.bare(suite) if kind.venv else roots.minimal(suite))
        for each in kind.layers:
            root = root._replace(layers=(str(layers(each, root)), *root.layers))
        node = stack.enter_context(root.overlay())
        if not kind.sudo:
            os.unlink(node.path + "/etc/sudoers.d/zuul")
        if kind.mirror:
            # As a site's configure-mirrors role leaves it.
            node.write("/etc/pip.conf", f"[global]\nindex-url = {index.url}\n")
        controller.add(name, node, user=user, network=kind.network, **variables)
        return node

    return make
