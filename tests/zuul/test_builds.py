"""What builds of a real Zuul come to: read from its API, its database and the logs that it leaves."""

import pytest

from .conftest import PASSWORD

REPORT = "zuul-info/testnode-python.{}.json"


def outcomes_of(build, role="prepare-python-tools", host="node"):
    """Return what a role came to by tool, from the report in a build's logs."""
    report = build.json(REPORT.format(host))
    assert (report["format"], report["host"]) == (1, host)
    return {outcome["tool"]: outcome for outcome in report["outcomes"][role]}


def sources_of(build, role="prepare-python-tools", host="node"):
    """Return where a role's tools came from."""
    return {tool: outcome["source"] for tool, outcome in outcomes_of(build, role, host).items()}


def test_there_is_no_configuration_error(bench):
    jobs = {job["name"] for job in bench.results.get("jobs")}
    assert {"testnode-python-prepare", "testnode-python-tox", "testnode-python-audit"} <= jobs
    assert bench.results.get("config-errors") == []


def test_our_own_tenant_has_no_configuration_error_either(bench):
    jobs = {job["name"] for job in bench.results.get("jobs", tenant="testnode-python")}
    assert {"testnode-python-functional-debian-trixie", "testnode-python-locks"} <= jobs
    assert bench.results.get("config-errors", tenant="testnode-python") == []


@pytest.mark.parametrize(
    "job, source", [("base-prepared", "system"), ("base-precached", "precache"), ("base-bare", "mirror")]
)
def test_a_base_job_makes_tools_ready_from_what_the_node_has(bench, job, source):
    build = bench.build(job)
    assert build.result == "SUCCESS"
    assert sources_of(build) == {"virtualenv": source, "tox": source}
    for tool, outcome in outcomes_of(build).items():
        line = f"node | ok: prepare-python-tools: {tool} {outcome['version']} from {source} in "
        assert build.console.count(line) == 1


def test_the_outcomes_are_an_artifact_once(bench):
    # Base and parent of this job both report.
    for job in ("base-bare", "tox-green"):
        named = [each for each in bench.build(job).artifacts if "outcomes of node" in each["name"]]
        assert [each["metadata"]["type"] for each in named] == ["testnode_python_outcomes"]
        assert named[0]["url"].endswith(REPORT.format("node"))


def test_a_job_opts_out_and_finds_the_distribution_as_it_was(bench):
    build = bench.build("opt-out")
    assert build.result == "SUCCESS"  # its playbook looks for tools on PATH
    assert outcomes_of(build) == {}
    assert "prepare_python_tools_enabled is false" in build.console


def test_a_job_opts_in_to_one_more_tool_and_to_pip(bench):
    build = bench.build("opt-in")
    assert build.result == "SUCCESS"  # its playbook uses both
    assert sources_of(build) == {"virtualenv": "precache", "tox": "precache", "bindep": "precache"}
    assert sources_of(build, "ensure-pip") == {"pip": "precache"}


def test_the_next_base_job_is_tried_before_it_is_everybodys(bench):
    assert bench.build("next-base").result == "SUCCESS"
    assert set(outcomes_of(bench.build("next-base"))) == {"virtualenv", "tox", "bindep"}
    # What it sets for everybody a job may still change.
    assert set(outcomes_of(bench.build("next-base-less"))) == {"virtualenv"}


def test_the_tests_of_a_project_run_by_tox(bench):
    build = bench.build("tox-green")
    assert build.result == "SUCCESS"
    assert sources_of(build, "ensure-tox") == {"tox": "system"}  # that which the base job made ready
    assert "test_small.TwiceTest.test_twice" in build.console
    assert (build.logs / "tox" / "unit").is_dir()


def test_a_test_that_fails_is_a_failure(bench):
    build = bench.build("tox-red")
    assert build.result == "FAILURE"
    assert "test_twice_is_wrong" in build.console
    assert sources_of(build, "ensure-tox") == {"tox": "system"}


OTHERS_TASK = "by the role of zuul-jobs"


def test_ours_run_in_jobs_of_zuul_jobs_where_the_base_job_lists_ours_first(bench):
    build = bench.build("tox")
    assert build.result == "SUCCESS"
    assert OTHERS_TASK not in build.console
    assert sources_of(build, "ensure-tox") == {"tox": "system"}


@pytest.mark.parametrize("job", ["tox-zuul-jobs-first", "tox-ours-alone"])
def test_other_roles_find_what_the_base_job_made_ready_and_install_nothing(bench, job):
    build = bench.build(job)
    assert build.result == "SUCCESS"
    assert sources_of(build) == {"virtualenv": "precache", "tox": "precache"}
    assert sources_of(build, "ensure-tox") == {}
    assert f"TASK [ensure-tox : Look for tox {OTHERS_TASK}]" in build.console
    installed = build.console.partition(f"Install tox {OTHERS_TASK}")[2].splitlines()[1]
    assert "skipping" in installed


def test_a_job_without_tools_succeeds_though_every_source_is_cut_off(bench):
    build = bench.build("cut-off-without-tools")
    assert build.result == "SUCCESS"
    for tool, outcome in outcomes_of(build).items():
        assert outcome["executable"] == ""
        assert f"node | ok: prepare-python-tools: no {tool} after " in build.console
    # The bound is for all tools together.
    assert 1 < sum(outcome["seconds"] for outcome in outcomes_of(build).values()) < 65


def test_a_job_whose_own_role_fails_has_the_whole_sentence_in_its_log(bench):
    build = bench.build("cut-off-with-tox")
    assert build.result == "FAILURE"
    for words in (
        "tox could not be made ready",
        "system    no tox on PATH; /usr/tox-env/bin/tox is not there; /home/zuul/.local/tox/bin/tox",
        "precache  there is no precache at /opt/cache/testnode-python/current",
        "-> build one with 'testnode-python precache build'",
        "packages  not allowed (sources: system, precache, mirror)",
    ):
        assert words in build.console


def test_roles_work_where_their_repository_is_checked_out_sparsely(bench):
    build = bench.build("sparse")
    assert build.result == "SUCCESS"
    assert sources_of(build, "ensure-tox") == {"tox": "system"}


@pytest.mark.parametrize("version, core", [("9", "2.16"), ("11", "2.18")])
def test_roles_work_with_each_ansible_of_zuul(bench, version, core):
    build = bench.build(f"ansible-{version}")
    assert build.result == "SUCCESS"
    assert sources_of(build, "ensure-tox") == {"tox": "system"}
    # Who really ran it.
    assert f"node | ok: By Ansible {core}." in build.console


def test_each_of_two_nodes_has_its_own_outcomes(bench):
    build = bench.build("two-nodes")
    assert build.result == "SUCCESS"
    assert sources_of(build, host="one") == {"virtualenv": "system", "tox": "system"}
    assert sources_of(build, host="two") == {"virtualenv": "precache", "tox": "precache"}
    named = {each["name"] for each in build.artifacts}
    assert {"testnode-python outcomes of one", "testnode-python outcomes of two"} <= named


def test_an_untrusted_project_uses_the_roles_by_itself(bench):
    assert bench.build("untrusted").result == "SUCCESS"


def test_what_a_job_asks_for_beats_what_the_base_job_exports(bench):
    build = bench.build("variable-beats-export")
    assert build.result == "SUCCESS"
    assert outcomes_of(build, "ensure-tox")["tox"]["executable"] == "/usr/tox-env/bin/tox"
    assert outcomes_of(build)["tox"]["executable"] == "/usr/local/bin/tox"


def test_an_audit_is_among_logs_and_artifacts(bench):
    build = bench.build("audit")
    assert build.result == "SUCCESS"
    [artifact] = [each for each in build.artifacts if each["metadata"]["type"] == "testnode_python_audit"]
    report = build.json(artifact["url"].partition(build.logs.name + "/")[2])
    assert report["clean"]
    assert "/usr/tox-env" in {name for each in report["environments"] for name in each["names"]}
    assert "environments" in build.console


def test_a_precache_is_an_artifact_named_by_its_locks(bench):
    build = bench.build("precache")
    assert build.result == "SUCCESS"
    [artifact] = [each for each in build.artifacts if each["metadata"]["type"] == "testnode_python_precache"]
    digest = artifact["metadata"]["lock_digest"]
    assert artifact["name"] == f"testnode-python precache {digest}"
    assert (build.logs / "artifacts" / f"testnode-python-precache-{digest}.tar").stat().st_size > 1_000_000


def test_new_locks_are_a_table_and_a_patch(bench):
    build = bench.build("locks")
    assert build.result == "SUCCESS"
    assert (build.logs / "locks" / "changes.txt").read_text().strip()
    assert (build.logs / "locks" / "locks.patch").exists()


def test_no_password_of_a_mirror_is_in_any_log(bench):
    bench.build("base-bare")  # used one
    assert any(request.had_authorization for request in bench.asked)
    for folder in ("logs", "output"):
        files = [path for path in (bench.zuul.folder / folder).rglob("*") if path.is_file()]
        assert files
        for path in files:
            if path.suffix != ".tar":
                assert PASSWORD.encode() not in path.read_bytes(), path
