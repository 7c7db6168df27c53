"""Sdist and wheel: what pbr makes of this checkout, copied and tagged."""

import configparser
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import zipfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PACKAGES = ROOT / "library" / "module_utils"


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """Build from a copy, so that the checkout stays as it is; return copy and results."""
    source = tmp_path_factory.mktemp("source") / "checkout"
    results = tmp_path_factory.mktemp("results")
    unwanted = shutil.ignore_patterns(
        ".git", ".tox", ".*cache*", "*.egg-info", "build", "dist", "__pycache__"
    )
    shutil.copytree(str(ROOT), str(source), ignore=unwanted)
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    for words in (["init"], ["add", "."], ["commit", "--message=all"], ["tag", "1.2.3"]):
        subprocess.run(git + ["-C", str(source)] + words, check=True)
    environ = {name: value for name, value in os.environ.items() if name not in ("PBR_VERSION", "PYTHONPATH")}
    # No network: the backend is in this environment.
    argv = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(results), str(source)]
    subprocess.run(argv, env=environ, check=True)
    return source, results


@pytest.fixture
def built(build):
    """Return the folder with the results."""
    return build[1]


def modules():
    """Return the names of all modules of the tree, as in a wheel."""
    return {path.relative_to(PACKAGES).as_posix() for path in (PACKAGES / "testnode_python").rglob("*.py")}


def test_the_wheel_holds_exactly_the_packages_and_the_console_script(built):
    with zipfile.ZipFile(str(built / "testnode_python-1.2.3-py3-none-any.whl")) as wheel:
        names = wheel.namelist()
        points = configparser.ConfigParser()
        points.read_string(wheel.read("testnode_python-1.2.3.dist-info/entry_points.txt").decode())
        metadata = wheel.read("testnode_python-1.2.3.dist-info/METADATA").decode().splitlines()
    assert {name for name in names if ".dist-info/" not in name} == modules()
    assert {section: dict(points[section]) for section in points.sections()} == {
        "console_scripts": {"testnode-python": "testnode_python.cli:main"}
    }
    assert "Requires-Python: >=3.6" in metadata
    without_extra = [
        line for line in metadata if line.startswith("Requires-Dist:") and "extra ==" not in line
    ]
    assert without_extra == []


def test_the_sdist_can_be_built_again(built):
    with tarfile.open(str(built / "testnode_python-1.2.3.tar.gz")) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {"setup.cfg", "setup.py", "pyproject.toml", "LICENSE", "README.rst"} <= names
    assert {"library/module_utils/" + name for name in modules()} <= names


def test_a_build_leaves_nothing_that_gitignore_does_not_know(build):
    source = build[0]
    assert (source / "library" / "module_utils" / "testnode_python.egg-info").is_dir()
    assert subprocess.check_output(["git", "-C", str(source), "status", "--porcelain"]) == b""


def test_the_installed_command_runs(built, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path)], check=True)
    python = tmp_path / "bin" / "python"
    wheel = str(built / "testnode_python-1.2.3-py3-none-any.whl")
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    pip = [sys.executable, "-m", "pip", "--python", str(python)]
    subprocess.run(pip + ["install", "--no-index", "--quiet", wheel], env=environ, check=True)
    done = subprocess.run(
        [str(tmp_path / "bin" / "testnode-python"), "--help"], env=environ, stdout=subprocess.PIPE
    )
    assert done.returncode == 0 and b"precache" in done.stdout
