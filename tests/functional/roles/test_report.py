"""report-python-tools, and what a job may do to it: in Zuul it runs in trusted playbooks."""

import json
import os
import pathlib

import pytest
import yaml

from tests.support.roots import CHECKOUT

from .plays import roles

LIBRARY = {"ANSIBLE_LIBRARY": str(pathlib.Path(__file__).parent / "library")}
READY = {
    "tool": "tox",
    "executable": "/usr/tox-env/bin/tox",
    "version": "4.67.15",
    "source": "precache",
    "seconds": 0.44,
    "attempts": [],
}
UNREADY = {
    "tool": "nox",
    "executable": "",
    "version": "",
    "source": "",
    "seconds": 60.0,
    "attempts": [{"reason": "no nox on PATH"}, {"reason": "timed out"}],
}


@pytest.fixture
def logs(tmp_path):
    """The folder of a build's logs."""
    folder = tmp_path / "work" / "logs"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def report(controller, logs):
    """A run of the role after a job has left facts and variables."""

    def run(facts=None, name="node", **variables):
        zuul = {"executor": {"log_root": str(logs)}}
        controller.hosts[name] = {"ansible_connection": "local", "zuul": zuul, **variables}
        facts = {"ansible.builtin.set_fact": dict(facts or {}, cacheable=True), "name": "Leave facts"}
        left = controller.play([{"hosts": "all", "gather_facts": False, "tasks": [facts]}])
        assert left.returncode == 0, left.output
        played = controller.play(roles("report-python-tools"), environ=LIBRARY)
        assert played.returncode == 0, played.output
        return played

    return run


def results(played, task):
    """Return the results of a task of the role."""
    return played.of(f"report-python-tools : {task}")


def written(folder):
    """Return the files below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_line_tells_of_each_tool_and_a_file_of_all(report, logs):
    played = report({"prepare_python_tools_outcomes": [READY, UNREADY], "ensure_tox_outcome": READY})
    lines = [each["msg"] for name in ("is ready", "is not ready") for each in shown(played, name)]
    assert lines == [
        "prepare-python-tools: tox 4.67.15 from precache in 0.4 s",
        "ensure-tox: tox 4.67.15 from precache in 0.4 s",
        "prepare-python-tools: no nox after 60.0 s: no nox on PATH; timed out",
    ]
    content = json.loads((logs / "zuul-info" / "testnode-python.node.json").read_text())
    assert (content["format"], content["host"]) == (1, "node")
    assert content["outcomes"]["prepare-python-tools"] == [READY, UNREADY]
    assert content["outcomes"]["ensure-pip"] == []
    [returned] = results(played, "Name the report among the artifacts")
    [artifact] = returned["data"]["zuul"]["artifacts"]
    assert artifact["url"] == "zuul-info/testnode-python.node.json"


def shown(played, words):
    """Return the results of each turn of a task that shows something."""
    [looped] = results(played, f"Show what {words}")
    return looped["results"]


def test_a_second_run_in_a_build_does_nothing(report, controller):
    report({"ensure_tox_outcome": READY})
    again = controller.play(roles("report-python-tools"), environ=LIBRARY)
    assert again.returncode == 0
    assert results(again, "Write the report") == []


@pytest.mark.parametrize(
    "facts",
    [
        {"prepare_python_tools_outcomes": "abc"},
        {"prepare_python_tools_outcomes": [None]},
        {"prepare_python_tools_outcomes": [{}]},
        {"prepare_python_tools_outcomes": [dict(READY, seconds="abc")]},
        {"ensure_tox_outcome": {"executable": "/bin/tox"}},
    ],
    ids=["text", "null", "empty", "seconds", "short"],
)
def test_facts_that_make_no_sense_fail_nothing(report, facts):
    assert results(report(facts), "Say that there is no report")


def test_what_a_job_sets_does_not_lead_out_of_the_logs(report, logs):
    report({"report_python_tools_folder": "../fact", "ensure_tox_outcome": READY})
    assert written(logs.parent) == ["logs/zuul-info/testnode-python.node.json"]
    report({"ensure_tox_outcome": READY}, name="other", report_python_tools_folder="../variable")
    assert "logs/zuul-info/testnode-python.other.json" in written(logs.parent)
    assert len(written(logs.parent)) == 2


def test_a_host_names_a_file_and_no_place(report, logs):
    report({"ensure_tox_outcome": READY}, name="a b")
    assert written(logs) == ["zuul-info/testnode-python.a_b.json"]


def test_a_link_of_the_job_does_not_lead_out_of_the_logs(report, logs, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (logs / "zuul-info").symlink_to(tmp_path / "elsewhere")
    assert results(report({"ensure_tox_outcome": READY}), "Say that there is no report")
    assert written(tmp_path / "elsewhere") == []


def test_the_example_keeps_no_link_and_no_pipe_of_a_job(controller, logs, tmp_path):
    (tmp_path / "secret").write_text("of another build")
    (logs / "leak.txt").symlink_to(tmp_path / "secret")
    (logs / "job-output.txt").write_text("said")
    os.mkfifo(logs / "pipe")
    playbook = CHECKOUT / "doc/source/examples/config-project/playbooks/base/post-logs.yaml"
    (tmp_path / "site").mkdir()
    variables = {
        "zuul": {"executor": {"log_root": str(logs)}, "build": "b1"},
        "site_logs": str(tmp_path / "site"),
        "site_logs_url": "https://logs.example.org",
    }
    (tmp_path / "variables.yaml").write_text(yaml.safe_dump(variables))
    played = controller.run(playbook, "-e", f"@{tmp_path / 'variables.yaml'}", environ=LIBRARY)
    assert played.returncode == 0, played.output
    assert written(tmp_path / "site") == ["b1/job-output.txt"]
