"""A real Zuul, the nodes for its builds, and the builds that one push of each project caused."""

import contextlib
import fcntl
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
# Those whose jobs run: one that stands for zuul-jobs, and one of a user.
WITH_JOBS = ("zuul-jobs", "project")
PASSWORD = "s3cret-of-the-mirror"
SUITE = "bookworm"
# The mirror of every node is on its own loopback, so that one site variable names it.
PORT = 8081
MIRROR = f"http://ci:{PASSWORD}@127.0.0.1:{PORT}/simple/"


class Kind(NamedTuple):
    """What a label KIND-WORDS gives: the layers of its image, and whether there is a mirror.

    It reaches nothing else: where there is no mirror it has no network at all.
    """

    layers: tuple = ()
    mirror: bool = False
    fault: str = None


KINDS = {
    "prepared": Kind(("precache", "venvs")),
    "precached": Kind(("precache",)),
    "bare": Kind(mirror=True),
    # It takes connections and never answers: the worst for a bound of time.
    "hanging": Kind(mirror=True, fault="hang"),
}
# Two cores, up to three builds at once.
SECONDS_FOR_ALL = 1200
TOLD = pytest.StashKey[list]()


class Bench(NamedTuple):
    """All of it, after the builds.

    :param Zuul zuul: the services.
    :param Results results: what they say.
    :param dict builds: job -> Build, of the projects that were pushed.
    :param list asked: what each mirror was asked.
    :param tuple projects: those whose jobs were run.
    """

    zuul: services.Zuul
    results: results.Results
    builds: dict
    asked: list
    projects: tuple

    def build(self, job):
        """Return the build of a job; skip the test where its project is not asked for."""
        if job not in self.builds and job in set(jobs_of(*WITH_JOBS)) - set(jobs_of(*self.projects)):
            pytest.skip(f"{job} is of no project that --project names")
        return self.builds[job]


def pytest_addoption(parser):
    """Let CI push one project alone: each build takes it 20 seconds."""
    parser.addoption(
        "--project", action="append", choices=WITH_JOBS, help="run the jobs of this project only; repeatable"
    )


def pytest_configure(config):
    """Have a place for what is told at the end."""
    config.stash[TOLD] = []


def pytest_terminal_summary(terminalreporter, config):
    """Print how long it took, and what it took."""
    if config.stash[TOLD]:
        terminalreporter.section("Zuul")
        for line in config.stash[TOLD]:
            terminalreporter.write_line(line)


def jobs_of(*projects):
    """Return what projects define of the jobs that they run, by name."""
    found = {}
    for project in projects:
        for path in (PROJECTS / project).glob("zuul.d/*.yaml"):
            jobs = [each["job"] for each in yaml.safe_load(path.read_text()) if "job" in each]
            found.update((job["name"], job) for job in jobs)
    return found


def labels(projects):
    """Return the labels that jobs of projects ask for."""
    nodesets = [job["nodeset"] for job in jobs_of(*projects).values()]
    return sorted({node["label"] for nodeset in nodesets for node in nodeset["nodes"]})


@contextlib.contextmanager
def running_nodes(layer_of, public_key, projects):
    """Give a node for each label of the projects: the address of its sshd by label, and the mirrors."""
    root = with_ssh(roots.bare(SUITE).with_packages("git"))
    with contextlib.ExitStack() as stack:
        addresses, mirrors = {}, []
        for number, label in enumerate(labels(projects)):
            kind = KINDS[label.partition("-")[0]]
            image = root
            for name in kind.layers:
                image = image._replace(layers=(str(layer_of(name, image)), *image.layers))
            node = stack.enter_context(image.overlay(source=None, isolated=True))
            addresses[label] = networks.join(node, number)
            # An image knows its site's mirror; nothing of this machine's own is in it.
            node.write("/etc/pip.conf", f"[global]\nindex-url = {MIRROR}\n")
            if kind.mirror:
                listener = networks.listener(node, PORT)
                access = {"user": "ci", "password": PASSWORD, "fault": kind.fault}
                mirrors.append(stack.enter_context(Index(layer_of.wheels, listener=listener, **access)))
            prepare(node, "zuul", public_key)
            listening = node.command(list(LISTENING), cwd="/")
            sshd = stack.enter_context(subprocess.Popen(listening, stderr=subprocess.DEVNULL))
            stack.callback(sshd.terminate)
        yield addresses, mirrors


def push_all(folder, addresses):
    """Push what Zuul is to read when it starts."""
    git = folder / "git"
    nodes = yaml.safe_dump(config.nodes(addresses), sort_keys=False)
    repositories.push(
        *(git, "zuul-config", EXAMPLES / "config-project", PROJECTS / "zuul-config"),
        files={"zuul.d/nodes.yaml": nodes},
    )
    repositories.push(git, "testnode-python", roots.CHECKOUT)
    for name in WITH_JOBS:
        push(git, name)


def push(git, name):
    """Push a project whose jobs are to run; return the commit."""
    examples = [EXAMPLES / name] if (EXAMPLES / name).exists() else []
    return repositories.push(git, name, *examples, PROJECTS / name)


def write_site(folder):
    """Write the files of the example that lie beside zuul.conf, with what is this site's own."""
    example = EXAMPLES / "config-project"
    tenants = (example / "tenant.yaml", PROJECTS / "own-tenant.yaml")
    (folder / "tenant.yaml").write_text("\n".join(path.read_text() for path in tenants))
    variables = yaml.safe_load((example / "site-variables.yaml").read_text())
    ours = {
        "site_python_index": MIRROR,
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
    projects = tuple(pytestconfig.getoption("--project") or WITH_JOBS)
    programs = pathlib.Path(sys.executable).parent
    ansible = services.ansible_root(roots.cache_folder().with_name("zuul-ansible"))
    zuul = services.Zuul(folder, programs, ansible)
    with contextlib.ExitStack() as stack:
        # The devices and addresses of its networks are there once on a machine.
        lock = stack.enter_context(open(ansible / "lock", "w"))
        fcntl.flock(lock, fcntl.LOCK_EX)
        public_key = pathlib.Path(zuul.keys.ssh_public).read_text()
        addresses, mirrors = stack.enter_context(running_nodes(layers, public_key, projects))
        write_site(folder)
        push_all(folder, addresses)
        start = time.monotonic()
        stack.enter_context(zuul)
        found = results.Results(zuul)
        found.wait_for_tenant("project")
        found.wait_for_nodes(len(addresses))
        ready = time.monotonic()
        commits = [push(folder / "git", name) for name in projects]
        builds = {}
        for commit in commits:
            builds.update(found.builds_of(commit, SECONDS_FOR_ALL))
        done = time.monotonic()
        told = pytestconfig.stash[TOLD]
        told.append(f"cold start {ready - start:.0f} s, {len(builds)} builds {done - ready:.0f} s")
        told.append("MB at most: " + ", ".join(f"{name} {mb}" for name, mb in zuul.memory().items()))
        told += [f"{each.job:<26} {each.result:<12} {each.seconds:4.0f} s" for each in builds.values()]
        asked = [request for mirror in mirrors for request in mirror.requests]
        yield Bench(zuul, found, builds, asked, projects)
