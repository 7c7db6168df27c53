"""Run the unit tests on every CPython at hand, 3.6 to the newest, and print a table.

Why these are no environments of tox: a virtualenv new enough for the newest
Python makes none for the oldest.  Our own ladder does.
"""

import argparse
import glob
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
OLDEST = (3, 6)
PLACES = [
    "{PYENV_ROOT}/versions/*/bin/python3",
    "{HOME}/.pyenv/versions/*/bin/python3",
    "{HOME}/.local/share/uv/python/cpython-*/bin/python3",
    "/usr/bin/python3*",
    "/usr/local/bin/python3*",
    "/opt/python*/bin/python3",
    "/opt/hostedtoolcache/Python/*/*/bin/python3",
]
# A venv is no Python of its own, and a free-threaded one is not the CPython that nodes have.
PROBE = """
import json, sys
usable = sys.implementation.name == "cpython" and sys.prefix == sys.base_prefix and "t" not in sys.abiflags
print(json.dumps([usable, sys.version_info[:2], "{}.{}.{}".format(*sys.version_info), sys.executable]))
"""


def candidates(environ):
    """Return the paths that could be interpreters: those on PATH first."""
    patterns = [
        os.path.join(folder, "python3*") for folder in environ.get("PATH", "").split(os.pathsep) if folder
    ]
    known = {name: environ.get(name) or "/nonexistent" for name in ("HOME", "PYENV_ROOT")}
    patterns += [place.format(**known) for place in PLACES]
    found = [path for pattern in patterns for path in sorted(glob.glob(pattern))]
    return [path for path in found if re.match(r"^python3(\.[0-9]+)?$", os.path.basename(path))]


def interpreters(paths):
    """Return ``(version, executable)`` of one interpreter for each minor version, oldest first.

    They are run to find out: a shim of pyenv is there and starts nothing.
    """
    found = {}
    for path in paths:
        try:
            answer = subprocess.run(
                [path, "-I", "-c", PROBE],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=20,
                check=True,
            )
            usable, minor, version, executable = json.loads(answer.stdout.decode())
        except (OSError, ValueError, subprocess.SubprocessError):
            continue
        if usable and tuple(minor) >= OLDEST:
            found.setdefault(tuple(minor), (version, executable))
    return [found[minor] for minor in sorted(found)]


def run(argv, environ):
    """Run a command in the checkout; return whether it succeeded, and its output."""
    done = subprocess.run(argv, cwd=str(ROOT), env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode == 0, done.stdout.decode(errors="replace")


def tested(executable, place, environ):
    """Make an environment with what the tests need, and run them in it.

    :returns: whether all went well, and the output of the last step.
    """
    steps = [
        [sys.executable, "testnode-python", "ensure", "stestr"]
        + ["--python", executable, "--venv", place, "--sources", "precache,mirror"],
        [
            os.path.join(place, "bin", "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "-r",
            "test-requirements.txt",
        ],
        # What the tests stand on is tested once, by the Python that develops it.
        [os.path.join(place, "bin", "stestr"), "run", "--exclude-regex", r"^tests\.unit\.support\."],
    ]
    passed, output = True, ""
    for argv in steps:
        if passed:
            passed, output = run(argv, environ)
    return passed, output


def totals(output):
    """Return how many tests passed, failed and were skipped, from the report of ``stestr run``."""
    counts = dict(re.findall(r"^ - (Passed|Failed|Skipped): ([0-9]+)$", output, re.MULTILINE))
    return [int(counts.get(word, 0)) for word in ("Passed", "Failed", "Skipped")]


def main():
    """Run it; the exit code is 1 where a test failed or nothing could be tested."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", required=True, help="folder for the environments; kept for the next run")
    parser.add_argument("versions", nargs="*", metavar="X.Y", help="only these Pythons")
    arguments = parser.parse_args()
    environ = dict(os.environ, PYTHONPATH=str(ROOT / "library" / "module_utils"))
    os.makedirs(arguments.work, exist_ok=True)
    rows, all_passed, all_failed = [], 0, 0
    for version, executable in interpreters(candidates(os.environ)):
        minor = version.rpartition(".")[0]
        if arguments.versions and minor not in arguments.versions:
            continue
        started = time.monotonic()
        well, output = tested(executable, os.path.join(arguments.work, minor), environ)
        passed, failed, skipped = totals(output)
        failed = failed or int(not well or not passed)
        if failed:
            print(output)
        all_passed, all_failed = all_passed + passed, all_failed + failed
        rows.append((version, passed, failed, skipped, time.monotonic() - started))
        print("{}: {} passed, {} failed".format(version, passed, failed), flush=True)
    print("\n{:<10} {:>7} {:>7} {:>8} {:>8}".format("Python", "passed", "failed", "skipped", "seconds"))
    for row in rows:
        print("{:<10} {:>7} {:>7} {:>8} {:>8.1f}".format(*row))
    print("\n{} passed, {} failed".format(all_passed, all_failed))
    return 0 if rows and not all_failed else 1


if __name__ == "__main__":
    sys.exit(main())
