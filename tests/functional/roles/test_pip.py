"""What works after ensure-pip, and what scope user cannot give."""

import pytest

from ..conftest import SUITES
from .plays import last, outcome, roles, shell, succeed

SETUP = 'from setuptools import setup\nsetup(name="small", version="1", py_modules=["small"])\n'


def installs(place, **keywords):
    """Return a play with Ansible's pip module, as jobs use it with what the role exports."""
    task = {
        "name": "Install into an environment",
        "ansible.builtin.pip": {
            "name": "bindep",
            "virtualenv": place,
            "virtualenv_command": "{{ ensure_pip_virtualenv_command }}",
        },
    }
    return [dict(hosts="all", gather_facts=False, tasks=[task], **keywords)]


@pytest.mark.parametrize("state", ["bare"])
@pytest.mark.parametrize("suite", SUITES)
def test_everything_that_pip_is_for_works_afterwards(node_in, controller, suite, state):
    node = node_in(suite, state)
    succeed(controller, roles("ensure-pip"))
    succeed(controller, installs("/home/zuul/app"))
    succeed(controller, installs("/srv/app", become=True))
    node.write("/home/zuul/small/setup.py", SETUP)
    node.write("/home/zuul/small/small.py", "")
    node.run(["chown", "-R", "zuul", "/home/zuul/small"])
    succeed(
        controller,
        shell(
            "sudo pip3 --version",
            "python3 -m wheel --help",
            "cd small && pip3 wheel --no-deps --no-build-isolation . && ls small-1-*.whl",
            "/home/zuul/app/bin/bindep --version && /srv/app/bin/bindep --version",
        ),
    )
    # The distribution's own pip can come on top, and nothing is to do then.
    node.run(["apt-get", "install", "--quiet", "--yes", "--no-install-recommends", "python3-pip"])
    succeed(controller, shell("pip3 --version", "sudo pip3 --version"))
    again = succeed(controller, roles("ensure-pip"))
    assert last(again, "ensure-pip")["changed"] is False
    verified = node.run(["sh", "-c", "dpkg --verify | grep -v '^..5.* c '"], check=False)
    assert "python" not in verified.stdout, "files of the distribution were changed"


def test_scope_user_needs_no_root_and_says_what_it_cannot_give(node_in, controller):
    node_in("bookworm", "no sudo")
    played = succeed(controller, roles("ensure-pip", ensure_pip_scope="user"))
    made = outcome(played, "ensure-pip")
    assert (made["source"], made["executable"]) == ("precache", "/home/zuul/.local/bin/pip3")
    (warning,) = last(played, "ensure-pip")["warnings"]
    assert "/home/zuul/.local/bin/pip3" in warning and "root" in warning
    succeed(
        controller,
        shell(
            "python3 -m pip --version",
            "python3 -m wheel --help",
            "{{ ansible_facts.ensure_pip_outcome.executable }} --version",
        ),
    )
    again = succeed(controller, roles("ensure-pip", ensure_pip_scope="user"))
    assert last(again, "ensure-pip")["changed"] is False


def test_get_pip_of_upstream_serves_the_interpreters_listed(node_in, controller, get_pip):
    node_in("bookworm", "bare")
    variables = {
        "ensure_pip_from_upstream": True,
        "ensure_pip_from_upstream_url": get_pip.base_url + "/get-pip.py",
        "ensure_pip_from_upstream_interpreters": ["/usr/bin/python3"],
    }
    played = succeed(controller, roles("ensure-pip", **variables))
    assert "get-pip.py" in outcome(played, "ensure-pip")["attempts"][-1]["reason"]
    succeed(controller, shell("pip3 --version", "python3 -m wheel --help"))
    again = succeed(controller, roles("ensure-pip", **variables))
    assert last(again, "ensure-pip")["changed"] is False


def test_another_interpreter_of_ansible_gets_what_its_pip_module_needs(node_in, controller):
    other = "/opt/other/bin/python3"
    node = node_in("bookworm", "bare", ansible_python_interpreter=other)
    # A Python of its own: its prefix is where it finds its standard library, and so are its sites.
    for words in (
        "mkdir -p /opt/other/bin /opt/other/lib && cp /usr/bin/python3.11 /opt/other/bin/python3",
        "ln -s /usr/lib/python3.11 /opt/other/lib/python3.11",
    ):
        node.run(["sh", "-c", words])
    assert node.run([other, "-c", "import sys; print(sys.prefix)"]).stdout == "/opt/other\n"
    played = succeed(controller, roles("ensure-pip"))
    assert [each["tool"] for each in last(played, "ensure-pip")["outcomes"]] == ["pip", "pip"]
    assert outcome(played, "ensure-pip")["python"] == "/usr/bin/python3.11"
    node.run(
        [other, "-c", "import packaging; assert packaging.__file__.startswith('/opt/other/'), packaging"]
    )
    succeed(controller, installs("/srv/app", become=True))
    again = succeed(controller, roles("ensure-pip"))
    assert last(again, "ensure-pip")["changed"] is False


@pytest.mark.parametrize(("variable", "words"), [("ensure_pip_from_packages_with_python2", "Python 2")])
def test_python_2_is_refused_with_the_reason(node_in, controller, variable, words):
    node_in("bookworm", "prepared")
    played = controller.play(roles("ensure-pip", **{variable: True}))
    assert played.returncode == 2
    assert words in last(played, "ensure-pip")["msg"]
