"""Mirrors of all kinds, packages of the distribution, and what is said where none serves."""

import pytest

from tests.support.index import Index

from ..conftest import SUITES
from .plays import careful, last, outcome, roles, shell, succeed

PASSWORD = "s3cret/with:odd@signs"


@pytest.mark.parametrize("state", ["bare"])
@pytest.mark.parametrize("suite", SUITES)
def test_packages_of_the_distribution_serve_where_they_are_asked_for(node_in, controller, suite, state):
    node = node_in(suite, state)
    node.write("/etc/apt/apt.conf.d/90small", 'APT::Install-Recommends "false";\n')
    packages = ["packages"]
    variables = {"ensure_pip_from_packages": True}
    variables.update(ensure_virtualenv_sources=packages, ensure_tox_sources=packages)
    played = succeed(controller, roles("ensure-pip", "ensure-virtualenv", "ensure-tox", **variables))
    for role in ("ensure-pip", "ensure-virtualenv", "ensure-tox"):
        made = outcome(played, role)
        assert (made["source"], made["changed"]) == ("packages", True)
        owner = node.run(["dpkg", "-S", made["executable"]]).stdout
        assert made["tool"] in owner
    succeed(
        controller,
        shell(
            "pip3 --version",
            "python3 -m wheel --help",
            "virtualenv --version",
            "{{ tox_executable }} --version",
        ),
    )
    variables.update(ensure_virtualenv_sources=["system"], ensure_tox_sources=["system"])
    again = succeed(controller, roles("ensure-pip", "ensure-virtualenv", "ensure-tox", **variables))
    for role in ("ensure-pip", "ensure-virtualenv", "ensure-tox"):
        assert (last(again, role)["changed"], outcome(again, role)["source"]) == (False, "system")


def test_packages_of_an_unknown_tool_are_an_error_that_names_what_to_set(node_in, controller):
    node_in("bookworm", "cut off")
    variables = {"ensure_python_tool_name": "cowsay", "ensure_python_tool_sources": ["packages"]}
    played = controller.play(roles("ensure-python-tool", **variables))
    assert played.returncode == 2
    message = last(played, "ensure-python-tool")["msg"]
    assert "the packages of cowsay are not known for debian 12" in message and "_packages" in message


def test_a_password_of_a_mirror_is_used_and_seen_nowhere(node_in, controller, layers):
    node = node_in("bookworm", "bare")
    with Index(layers.wheels, user="alice", password=PASSWORD) as index:
        names = ("ensure-tox", "ensure-virtualenv", "ensure-pip")
        mirrors = {role.replace("-", "_") + "_mirrors": [index.authenticated_url] for role in names}
        played = succeed(controller, roles(*names, **mirrors), "-vvv")
        assert any(request.had_authorization for request in index.requests)
    for role in names:
        assert outcome(played, role)["source"] == "mirror"
    quoted = index.authenticated_url.partition("://")[2].partition("@")[0].partition(":")[2]
    log = node.run(
        ["sh", "-c", "cat /var/log/* /home/zuul/.local/tox/*.json 2>/dev/null"], check=False
    ).stdout
    # The playbook's own text shows nothing, for it is not printed; what came back is.
    for words in (PASSWORD, quoted, "alice"):
        assert words not in played.output and words not in log
    assert "127.0.0.1" in played.output


def test_an_extra_index_of_pips_configuration_is_one_source_with_it(node_in, controller, layers, tmp_path):
    node = node_in("bookworm", "bare")
    (tmp_path / "empty").mkdir()
    with Index(tmp_path / "empty") as empty, Index(layers.wheels) as extra:
        conf = f"[global]\nindex-url = {empty.url}\nextra-index-url = {extra.url}\n"
        node.write("/etc/pip.conf", conf)
        played = succeed(controller, roles("ensure-tox"))
    made = outcome(played, "ensure-tox")
    assert made["source"] == "mirror"
    assert "pip's configuration (/etc/pip.conf)" in made["attempts"][2]["reason"]


def test_the_errors_name_what_was_tried_and_what_to_do(node_in, controller):
    node = node_in("bookworm", "precached")
    played = controller.play(roles("ensure-tox", ensure_tox_version="==99"))
    message = last(played, "ensure-tox")["msg"]
    assert "current has tox 4." in message and "not ==99" in message
    assert "ask for another --version, or allow a mirror" in message
    node.run(["chmod", "o+w", "/opt/cache/testnode-python"])
    played = controller.play(careful(["ensure-tox", "ensure-pip"]))
    for role in ("ensure-tox", "ensure-pip"):
        message = last(played, role)["msg"]
        assert "/opt/cache/testnode-python may be written by others (mode 0757)" in message
        assert "make it and all on the way root's and writable by nobody else" in message


def test_a_site_without_any_source_has_its_jobs_run_all_the_same(node_in, controller):
    node_in("bookworm", "cut off")
    variables = {
        "prepare_python_tools_mirrors": ["http://192.0.2.1/simple"],
        "prepare_python_tools_timeout": 20,
    }
    played = succeed(controller, roles("prepare-python-tools", **variables))
    result = last(played, "prepare-python-tools")
    assert [each["executable"] for each in result["outcomes"]] == ["", ""]
    assert sum(each["seconds"] for each in result["outcomes"]) < 25
    assert "http://192.0.2.1/simple" in "".join(result["warnings"])
