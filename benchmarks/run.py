"""A new environment with tox from local wheels, no network: ours beside venv and pip, pipx, uv.

Every way in turn, round after round, each time in a home of its own, the same
wheels; the medians as a table.  Whole processes, as a person waits for them.
"""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
LAUNCHER = str(ROOT / "testnode-python")


class Bench:
    """What the ways share: the Python, the wheels, a folder for homes.

    :param str python: the interpreter that all of them use.
    :param pathlib.Path folder: where everything goes.
    :param pathlib.Path precache: a precache with tox.
    """

    def __init__(self, python, folder, precache):
        self.python = python
        self.folder = folder
        self.precache = precache
        self.wheels = precache / "wheels"
        self._homes = 0

    def home(self):
        """Make a new home; none is removed before the end, for removing disturbs the disk."""
        self._homes += 1
        home = self.folder / "home-{}".format(self._homes)
        home.mkdir()
        return home

    def run(self, home, *argv, **variables):
        """Run a program in a plain environment; return the seconds that it took."""
        environ = {"HOME": str(home), "PATH": "/usr/local/bin:/usr/bin:/bin", "PIP_CONFIG_FILE": os.devnull}
        environ.update(variables)
        started = time.perf_counter()
        run = subprocess.run(
            [str(word) for word in argv],
            env=environ,
            cwd=str(home),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        seconds = time.perf_counter() - started
        if run.returncode:
            raise SystemExit("{} failed:\n{}".format(" ".join(map(str, argv)), run.stderr.decode()))
        return seconds


def ours(bench, home):
    """``testnode-python ensure tox`` from the precache."""
    options = ["--precache", bench.precache, "--sources", "precache", "--python", bench.python]
    return bench.run(home, bench.python, LAUNCHER, "ensure", "tox", *options), home / ".local/tox/bin/tox"


def venv_and_pip(bench, home):
    """``python3 -m venv`` and its pip."""
    seconds = bench.run(home, bench.python, "-m", "venv", home / "tox")
    seconds += bench.run(
        home, home / "tox/bin/pip", "install", "--no-index", "--find-links", bench.wheels, "tox"
    )
    return seconds, home / "tox/bin/tox"


def pipx(bench, home):
    """``pipx install``, its shared libraries new as well."""
    arguments = "--no-index --find-links {}".format(bench.wheels)
    argv = [sys.executable, "-m", "pipx", "install", "--python", bench.python, "--pip-args", arguments, "tox"]
    # pipx brings its shared pip up to date, from the same wheels.
    return bench.run(home, *argv, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(bench.wheels)), home / ".local/bin/tox"


def uv(bench, home, *options):
    """``uv tool install --offline`` with a cold cache."""
    program = pathlib.Path(sys.executable).parent / "uv"
    options += ("--offline", "--no-config", "--no-index", "--find-links", bench.wheels)
    install = [program, "tool", "install", *options, "--python", bench.python, "tox"]
    return bench.run(home, *install), home / ".local/bin/tox"


def uv_with_pip(bench, home):
    """The same wheels as ours: an environment of ours has a pip of its own."""
    return uv(bench, home, "--with", "pip")


WAYS = {
    "testnode-python ensure": ours,
    "python3 -m venv, pip install": venv_and_pip,
    "pipx install": pipx,
    "uv tool install --offline, cold cache": uv,
    "the same --with pip": uv_with_pip,
}


def compare(bench, rounds):
    """Return for every way the lists of seconds: install, first answer, both."""
    seconds = {name: ([], [], []) for name in WAYS}
    names = list(WAYS)
    for number in range(rounds):
        # Each way is first in its turn.
        for name in names[number % len(names) :] + names[: number % len(names)]:
            home = bench.home()
            install, tox = WAYS[name](bench, home)
            first = bench.run(home, tox, "--version")
            for times, value in zip(seconds[name], (install, first, install + first)):
                times.append(value)
        print("round {} of {}".format(number + 1, rounds), file=sys.stderr, flush=True)
    return seconds


def found(bench, rounds):
    """Return the seconds of an ``ensure`` that finds its receipt, beside what it cannot avoid."""
    home = bench.home()
    ours(bench, home)
    starts = {
        "a second ensure (receipt)": [bench.python, LAUNCHER, "ensure", "tox"],
        "testnode-python --help": [bench.python, LAUNCHER, "--help"],
        "python3 -c pass": [bench.python, "-c", "pass"],
    }
    seconds = {name: [] for name in starts}
    for _ in range(rounds * 3):
        for name, argv in starts.items():
            seconds[name].append(bench.run(home, *argv))
    return seconds


def build_precache(folder, python):
    """Build a precache of tox for the benchmark's Python; return the folder with the manifest."""
    series = subprocess.run(
        [python, "-c", "import sys; print('cp%d%d' % sys.version_info[:2])"],
        stdout=subprocess.PIPE,
        check=True,
    )
    target = "{}-linux_{}".format(series.stdout.decode().strip(), os.uname().machine)
    argv = [sys.executable, LAUNCHER, "precache", "build", "--output", str(folder), "--no-get-pip"]
    subprocess.run(argv + ["--target", target, "--tool", "tox"], check=True, stdout=subprocess.DEVNULL)
    return (folder / "current").resolve()


def print_tables(compared, receipt):
    """Print both tables, medians in seconds."""
    base = statistics.median(compared["testnode-python ensure"][2])
    line = "{:<40} {:>9} {:>13} {:>11} {:>7}"
    print(line.format("tox from local wheels", "install s", "first start s", "to answer s", "ratio"))
    for name, times in compared.items():
        install, first, both = (statistics.median(each) for each in times)
        print(line.format(name, *map("{:.2f}".format, (install, first, both, both / base))))
    print()
    for name, times in receipt.items():
        print("{:<40} {:>9.3f}".format(name, statistics.median(times)))


def main():
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--python", default=sys._base_executable, help="default: %(default)s")
    arguments = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="testnode-python-bench-"))
    try:
        bench = Bench(arguments.python, folder, build_precache(folder / "precache", arguments.python))
        compare(bench, 1)  # page cache and bytecode of the programs themselves
        compared = compare(bench, arguments.rounds)
        print_tables(compared, found(bench, arguments.rounds))
    finally:
        shutil.rmtree(str(folder))


if __name__ == "__main__":
    sys.exit(main())
