"""The audit on real systems: one that is clean, and what makes it unclean."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

from tests.support import roots

from .conftest import CHECKOUT, SUITES

AUDIT = ["python3", "/src/testnode-python", "audit"]
# rpm itself is what writes and reads its database, whatever distribution it runs on.
SPEC = """\
Name: python3-small
Version: 1
Release: 1
Summary: small
License: x
BuildArch: noarch
%description
small
%install
mkdir -p %{buildroot}/usr/lib/python3.9/site-packages/small-1.dist-info %{buildroot}/usr/bin
touch %{buildroot}/usr/lib/python3.9/site-packages/small.py %{buildroot}/usr/bin/pip3
touch %{buildroot}/usr/lib/python3.9/site-packages/small-1.dist-info/METADATA
%files
/usr/lib/python3.9/site-packages/small.py
/usr/lib/python3.9/site-packages/small-1.dist-info
/usr/bin/pip3
"""
LOCAL = "/usr/local/lib/python3.11/dist-packages"


def inside(node, *options):
    """Audit a node in itself; return exit code, standard output and standard error."""
    run = node.run([*AUDIT, *options], check=False, network=False)
    return run.returncode, run.stdout, run.stderr


def outside(node, *options):
    """Audit a node as a mounted image, by the Python that runs the tests."""
    argv = [sys.executable, str(CHECKOUT / "testnode-python"), "audit", "--root", node.path, *options]
    run = subprocess.run(argv, capture_output=True, text=True)
    return run.returncode, run.stdout, run.stderr


def both(node):
    """Return the report of a node, which must be the same from inside and from outside."""
    reports = []
    for look in (inside, outside):
        code, output, errors = look(node, "--json")
        assert (code, errors) == (0, "")
        reports.append(json.loads(output))
        del reports[-1]["root"]
    assert reports[0] == reports[1]
    return reports[0]


@pytest.mark.parametrize("suite", SUITES)
def test_a_minimal_system_is_clean_from_inside_and_from_outside(node_of, suite):
    node = node_of(roots.minimal(suite))
    for look in (inside, outside):
        code, output, errors = look(node, "--fail-on", "unmanaged")
        assert (code, errors) == (0, "")
        assert output.startswith("The global Python is clean: dpkg owns all of it.\n")
    report = both(node)
    assert report["clean"] and report["package_managers"] == ["dpkg"]
    (python,) = report["interpreters"]
    assert python["owner"] == f"python{python['series']}-minimal"
    assert bool(python["externally_managed"]) == (suite != "bullseye")


def test_pip_in_the_global_python_is_stopped_by_name_and_path(precache, node_of):
    node = node_of(roots.minimal("bookworm"), precache)
    # What image builds are to do passes: a tool in an environment of root's, and a link to it.
    install = ["venvs", "install", "tox", "--link-dir", "/usr/local/bin", "--sources", "precache"]
    node.run(["python3", "/src/testnode-python", *install], network=False)
    assert inside(node, "--fail-on", "unmanaged")[0] == 0

    node.run(["python3", "/src/testnode-python", "ensure", "pip", "--sources", "precache"], network=False)
    for look in (inside, outside):
        code, _, errors = look(node, "--fail-on", "unmanaged")
        assert code == 1
        assert f"{LOCAL}/pip-" in errors
        assert "command       pip3  /usr/local/bin/pip3\n" in errors
        assert "tox" not in errors

    report = both(node)
    named = {each["name"].split()[0] for each in report["unmanaged"]}
    assert named == {"pip", "setuptools", "wheel", "packaging", "pip3", "pip3.11"}
    (tox,) = [each for each in report["environments"] if each["names"] == ["/usr/tox-env"]]
    assert (tox["receipt"]["tool"], tox["receipt"]["source"], tox["shared_fault"]) == ("tox", "precache", "")
    assert report["precache"]["folder"].endswith(report["precache"]["lock_digest"])
    assert "cp311-linux_x86_64" in report["precache"]["targets"] and not report["precache"]["fault"]


def test_the_distribution_s_pip_is_dpkg_s_and_a_hold_is_told(node_of):
    node = node_of(roots.minimal("bookworm").with_packages("python3-pip"))
    node.run(["apt-mark", "hold", "python3-pip"])
    # Bytecode is written by who runs it.
    node.run(["pip3", "--version"])
    report = both(node)
    assert report["unmanaged"] == []
    owners = {(each["name"], each["owner"]) for site in report["sites"] for each in site["distributions"]}
    assert {("pip", "python3-pip"), ("setuptools", "python3-setuptools")} <= owners
    commands = {each["path"]: each["owner"] for each in report["commands"]}
    assert commands["/usr/bin/pip3"] == "python3-pip"
    assert [each["package"] for each in report["holds"]] == ["python3-pip"]
    assert inside(node, "--fail-on", "unmanaged")[0] == 0


def test_an_rpm_image_is_read_by_the_rpm_of_the_host_and_without_one_is_unknown(node_of):
    node = node_of(roots.minimal("bookworm").with_packages("rpm"))
    node.write("/tmp/small.spec", SPEC)
    node.run(["rpmbuild", "-bb", "--define", "_rpmdir /tmp", "/tmp/small.spec"])
    node.run(["mkdir", "-p", "/image/var/lib/rpm"])
    package = "/tmp/noarch/python3-small-1-1.noarch.rpm"
    node.run(["rpm", "--root", "/image", "--dbpath", "/var/lib/rpm", "-i", "--nodeps", package])
    before = {path for path in node.written() if path.startswith("image/")}

    gate = ["--root", "/image", "--fail-on", "unmanaged"]
    code, output, errors = inside(node, *gate)
    assert (code, errors) == (0, ""), errors
    assert "The global Python is clean: rpm owns all of it." in output
    assert "package python3-small" in output
    assert {path for path in node.written() if path.startswith("image/")} == before

    node.write("/image/usr/lib/python3.9/site-packages/stray.py", "")
    code, _, errors = inside(node, *gate)
    assert code == 1 and "/usr/lib/python3.9/site-packages/stray.py" in errors
    node.run(["mv", "/usr/bin/rpm", "/usr/bin/no-rpm"])
    code, output, errors = inside(node, *gate)
    assert code == 1 and "rpm database cannot be read here" in errors
    assert "unknown" in output and "stray.py" not in errors


def test_a_link_out_of_an_image_is_not_followed(node_of, tmp_path):
    (tmp_path / "escaped.py").write_text("")
    os.chmod(str(tmp_path), 0o755)
    node = node_of(roots.minimal("bookworm"))
    site = pathlib.Path(node.path + LOCAL)
    site.rmdir()
    site.symlink_to(tmp_path)
    os.chmod(str(tmp_path / "escaped.py"), 0o755)
    pathlib.Path(node.path + "/usr/local/bin/pip3").symlink_to(tmp_path / "escaped.py")
    code, output, _ = outside(node, "--json")
    report = json.loads(output)
    assert [(each["path"], each["leads_to"]) for each in report["commands"]] == [
        ("/usr/local/bin/pip3", "nowhere")
    ]
    assert sum(site["files"] for site in report["sites"]) == 0


def test_the_one_file_tool_has_it(node_of, tmp_path):
    tool = tmp_path / "testnode-python.pyz"
    subprocess.run([sys.executable, str(CHECKOUT / "tools" / "make_zipapp.py"), str(tool)], check=True)
    node = node_of(roots.minimal("bullseye"))
    pathlib.Path(node.path + "/usr/bin/tool").write_bytes(tool.read_bytes())
    run = node.run(["python3", "/usr/bin/tool", "audit", "--fail-on", "unmanaged"], network=False)
    assert run.stdout.startswith("The global Python is clean")
