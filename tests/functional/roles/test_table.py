"""The table of what is promised: state of the node x release x role -> source, or the error."""

import pytest

from ..conftest import SUITES
from .conftest import STATES
from .plays import careful, last, roles, shell

# ensure-pip last: where it needs a virtualenv, it makes one.
ROLES = ("ensure-virtualenv", "ensure-tox", "ensure-python-tool", "ensure-pip")
VARIABLES = {"ensure_python_tool_name": "bindep"}
DISTUTILS = "apt-get install python3-distutils"
SUDO = "allow sudo without a password"
CUT_OFF = ("there is no precache at /opt/cache/testnode-python/current", "cannot be read: ")
# In the order of ROLES: the source, or the words of the error.
EXPECTED = {
    "prepared": ("system", "system", "system", "precache"),
    "precached": ("precache",) * 4,
    "bare": ("mirror",) * 4,
    "minimal": ("mirror",) * 4,
    "minimal and precached": ("precache",) * 4,
    "old image": ("system",) * 4,
    "no sudo": ("precache", "precache", "precache", (SUDO,)),
    "cut off": (CUT_OFF,) * 4,
}
# What may be written where: the home of the job's user, what is global for pip and bare names, and what
# ssh, sudo and Ansible themselves leave.
ALLOWED = ("home/zuul/", "root/", "run/", "tmp/", "var/tmp/", "var/log/", "var/lib/sudo/", "etc/pip.conf")
GLOBAL = ("usr/local/lib/", "usr/local/bin/", "usr/virtualenv-env")


def expected(suite, state):
    """Return what each role is to end with."""
    by_role = dict(zip(ROLES, EXPECTED[state]))
    if suite == "bullseye" and state.startswith("minimal"):
        by_role["ensure-pip"] = (DISTUTILS,)
    return by_role


COMMANDS = {
    "ensure-pip": (
        "pip3 --version",
        "python3 -m pip --version",
        "python3 -m wheel --help",
        "{{ ensure_pip_virtualenv_command }} made && made/bin/pip --version",
    ),
    "ensure-virtualenv": (
        "virtualenv --version",
        "{{ ansible_facts.ensure_virtualenv_outcome.executable }} --version",
    ),
    "ensure-tox": (
        "{{ tox_executable }} --version",
        "{{ ansible_facts.ensure_tox_outcome.executable }} --version",
    ),
    "ensure-python-tool": ("{{ ensure_python_tool_executable }} --version",),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("suite", SUITES)
def test_each_role_takes_the_source_that_is_promised(node_in, controller, suite, state):
    node = node_in(suite, state)
    promised = expected(suite, state)
    before = node.written()
    played = controller.play(careful(ROLES, **VARIABLES))
    assert played.returncode == 0, played.output
    assert "[WARNING]: Using a variable" not in played.output and "DEPRECATION" not in played.output
    for role, source in promised.items():
        result = last(played, role)
        if isinstance(source, str):
            assert result["kind"] == "ok", f"{role}: {result.get('msg')}"
            outcome = result["outcomes"][0]
            assert (role, outcome["source"]) == (role, source), outcome["attempts"]
            assert outcome["changed"] is (source != "system")
        else:
            assert result["kind"] == "failed"
            for words in source:
                assert words in result["msg"], f"{role}: {result['msg']}"
            assert "Traceback" not in result["msg"]
    served = [role for role, source in promised.items() if isinstance(source, str)]
    if state == "no sudo":
        warnings = last(played, "ensure-virtualenv")["warnings"]
        assert "does not run by its bare name" in warnings[0]

    commands = [words for role in served for words in COMMANDS[role]]
    if state == "no sudo":
        commands.remove("virtualenv --version")
    if commands:
        used = controller.play(shell(*commands))
        assert used.returncode == 0, used.output

    wrong = [path for path in sorted(node.written() - before) if not path.startswith(ALLOWED + GLOBAL)]
    assert wrong == []
    if set(promised.values()) == {"system"}:
        assert [path for path in node.written() - before if path.startswith(GLOBAL)] == []

    if served:
        before = node.written()
        again = controller.play(careful(served, **VARIABLES))
        for role in served:
            result = last(again, role)
            assert (role, result["changed"], result["outcomes"][0]["source"]) == (role, False, "system")
        assert [
            path for path in node.written() - before if path.startswith((*GLOBAL, "home/zuul/.local"))
        ] == []


PREPARED_BY = {
    "prepared": "system",
    "precached": "precache",
    "bare": "mirror",
    "minimal": "mirror",
    "minimal and precached": "precache",
    "old image": "system",
    "no sudo": "precache",
    "cut off": "",
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("suite", SUITES)
def test_a_base_job_prepares_the_tools_and_never_fails(node_in, controller, suite, state):
    node_in(suite, state)
    played = controller.play(roles("prepare-python-tools"))
    assert played.returncode == 0, played.output
    result = last(played, "prepare-python-tools")
    source = PREPARED_BY[state]
    assert [(each["tool"], each["source"]) for each in result["outcomes"]] == [
        ("virtualenv", source),
        ("tox", source),
    ]
    if not source:
        assert [warning.splitlines()[0] for warning in result["warnings"]] == [
            "virtualenv could not be made ready",
            "tox could not be made ready",
        ]
    # The job's own role finds it and writes nothing, or fails with all that was tried.
    job = controller.play(roles("ensure-tox"))
    result = last(job, "ensure-tox")
    if source:
        assert (job.returncode, result["changed"], result["outcomes"][0]["source"]) == (0, False, "system")
    else:
        assert job.returncode == 2
        for rung in ("  system  ", "  precache  ", "  mirror  ", "  packages  "):
            assert rung in result["msg"]
