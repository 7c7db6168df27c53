"""A real Zuul, the nodes for its builds, and the builds that one push of each project caused."""

import contextlib
import pathlib
import subprocess
import sys
import time
from typing import NamedTuple

import pytest
import yaml

from tests.functional.roles.conftest import layers  # noqa: F401 -- pytest finds a fixture by its name here
from tests.support import networks, roots
from tests.support.controllers import LISTENING, prepare, with_ssh
from tests.support.index import Index
from tests.support.zuul import config, repositories, results, services

# They are content, not tests of ours.
collect_ignore = ["projects"]
PROJECTS = pathlib.Path(__file__).parent / "projects"
EXAMPLES = roots.CHECKOUT / "doc" / "source" / "examples"
PASSWORD = "s3cret-of-the-mirror"
SUITE = "bookworm"
# A label is KIND-WORDS: what the image of such a node has, and what it reaches besides this machine's end.
KINDS = {
    "prepared": {"layers": ("precache", "venvs")},
    "precached": {"layers": ("precache",)},
    "bare": {"mirror": True},
    # What it sends anywhere vanishes: the worst that a network can do to a bound of time.
    "hole": {"hole": True},
}
# Two cores, up to three builds at once.
SECONDS_FOR_ALL = 1200
TOLD = pytest.StashKey[list]()


class Bench(NamedTuple):
    """All of it, after the builds.

    :param Zuul zuul: the services.
    :param Results results: what they say.
    :param dict builds: job -> Build.
    :param Index index: the mirror.
    """

    zuul: services.Zuul
    results: results.Results
    builds: dict
    index: Index


def pytest_configure(config):
    """Have a place for what is told at the end."""
    config.stash[TOLD] = []


def pytest_terminal_summary(terminalreporter, config):
    """Print how long it took, and what it took."""
    if config.stash[TOLD]:
        terminalreporter.section("Zuul")
        for line in config.stash[TOLD]:
            terminalreporter.write_line(line)


def labels():
    """Return the labels that jobs of the projects ask for."""
    found = set()
    for path in PROJECTS.glob("*/zuul.d/*.yaml"):
        for each in yaml.safe_load(path.read_text()):
            nodeset = each.get("job", {}).get("nodeset", {})
            found.update(node["label"] for node in nodeset.get("nodes", ()))
    # Those with a mirror first, as it listens at their end of a network.
    return sorted(found)


@contextlib.contextmanager
def running_nodes(layers, public_key):
    """Give a node for each label: where its sshd listens by label, and the index that the bare ones reach."""
    root = with_ssh(roots.bare(SUITE).with_packages("git"))
    with contextlib.ExitStack() as stack:
        addresses, index = {}, None
        for number, label in enumerate(labels()):
            kind = KINDS[label.partition("-")[0]]
            image = root
            for name in kind.get("layers", ()):
                image = image._replace(layers=(str(layers(name, image)), *image.layers))
            node = stack.enter_context(image.overlay(source=None, isolated=True))
            mirrored = kind.get("mirror", False)
            network = networks.join(
                node, number, to=index.address if mirrored and index else None, hole=kind.get("hole", False)
            )
            if mirrored and index is None:
                index = stack.enter_context(
                    Index(layers.wheels, user="ci", password=PASSWORD, address=network.host)
                )
            # Nothing of this machine's own.
            node.write("/etc/pip.conf", f"[global]\nindex-url = {index.authenticated_url}\n" if mirrored else "")
            prepare(node, "zuul", public_key)
            listening = node.command(list(LISTENING), cwd="/")
            sshd = stack.enter_context(subprocess.Popen(listening, stderr=subprocess.DEVNULL))
            stack.callback(sshd.terminate)
            addresses[label] = network.node
        yield addresses, index


def push_all(folder, addresses):
    """Push what Zuul is to read when it starts."""
    git = folder / "git"
    nodes = yaml.safe_dump(config.nodes(addresses), sort_keys=False)
    repositories.push(
        *(git, "zuul-config", EXAMPLES / "config-project", PROJECTS / "zuul-config"),
        files={"zuul.d/nodes.yaml": nodes},
    )
    repositories.push(git, "testnode-python", roots.CHECKOUT)
    for name in ("zuul-jobs", "project"):
        push(git, name)


def push(git, name):
    """Push a project whose jobs are to run; return the commit."""
    examples = [EXAMPLES / name] if (EXAMPLES / name).exists() else []
    return repositories.push(git, name, *examples, PROJECTS / name)


def write_site(folder, index):
    """Write the files of the example that lie beside zuul.conf, with what is this site's own."""
    example = EXAMPLES / "config-project"
    (folder / "tenant.yaml").write_text((example / "tenant.yaml").read_text())
    variables = yaml.safe_load((example / "site-variables.yaml").read_text())
    ours = {
        "site_python_index": index.authenticated_url,
        "site_logs": str(folder / "logs"),
        "site_logs_url": f"file://{folder}/logs",
    }
    assert set(ours) <= set(variables)
    (folder / "site-variables.yaml").write_text(yaml.safe_dump({**variables, **ours}))


@pytest.fixture(scope="session")
def bench(layers, tmp_path_factory, pytestconfig):  # noqa: F811 -- the fixture from there
    """A Zuul that has run all jobs of all projects once."""
    roots.require()
    services.require()
    folder = tmp_path_factory.mktemp("zuul")
    programs = pathlib.Path(sys.executable).parent
    ansible = services.ansible_root(roots.cache_folder().with_name("zuul-ansible"))
    zuul = services.Zuul(folder, programs, ansible)
    with contextlib.ExitStack() as stack:
        public_key = pathlib.Path(zuul.keys.ssh_public).read_text()
        addresses, index = stack.enter_context(running_nodes(layers, public_key))
        write_site(folder, index)
        push_all(folder, addresses)
        start = time.monotonic()
        stack.enter_context(zuul)
        found = results.Results(zuul)
        found.wait_for_tenant("project")
        found.wait_for_nodes(len(addresses))
        ready = time.monotonic()
        commits = [push(folder / "git", name) for name in ("zuul-jobs", "project")]
        builds = {}
        for commit in commits:
            builds.update(found.builds_of(commit, SECONDS_FOR_ALL))
        done = time.monotonic()
        told = pytestconfig.stash[TOLD]
        told.append(f"cold start {ready - start:.0f} s, {len(builds)} builds {done - ready:.0f} s")
        told.append("MB at most: " + ", ".join(f"{name} {mb}" for name, mb in zuul.memory().items()))
        told += [f"{each.job:<26} {each.result:<12} {each.seconds:4.0f} s" for each in builds.values()]
        yield Bench(zuul, found, builds, index)
