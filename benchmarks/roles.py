"""Our roles on a prepared, a precached and a bare node over SSH, beside one ping and an empty play.

All plays of a node in turn, round after round, its connection warm and its
facts cached; medians of whole ansible-playbook processes, as a table, as
conditions met or not and, with --chart, as a picture.  With --rival the same
plays by roles of the same names out of another folder, on nodes of their own.
"""

import argparse
import contextlib
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import unittest
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support import controllers, roots  # noqa: E402

EPILOG = """\
examples, as root:
  %(prog)s --rounds 3 --state prepared
  git -C zuul-jobs archive HEAD roles | tar -x -C /tmp/zuul-jobs
  %(prog)s --ansible /opt/ansible-2.18/bin --rival /tmp/zuul-jobs/roles --chart doc/source/roles.svg
"""
LAUNCHER = "/src/testnode-python"
CACHE = "/opt/cache/testnode-python"
PREPARED = ("tox", "virtualenv", "bindep")
THREE = ["ensure-pip", "ensure-virtualenv", "ensure-tox"]
PING = "one ping"
ALL_THREE = "the three in one play"
PREPARE = "prepare-python-tools"
# Set on machines of developers; with these, figures of first starts are wrong.
FOREIGN = ("PYTHONDONTWRITEBYTECODE", "PIP_FIND_LINKS")
FIRST_BARE_ROUNDS = 3
OURS, RIVAL, NOBODY = "testnode-python", "rival", "Ansible alone"


def play_of(**words):
    """Return a playbook of one play."""
    return [dict(words, hosts="all", gather_facts=False)]


def roles_play(*names):
    """Return a playbook of roles."""
    return play_of(roles=list(names))


PLAYS = {
    "empty play": play_of(tasks=[]),
    PING: play_of(tasks=[{"name": "Ping", "ansible.builtin.ping": {}}]),
    "ensure-tox": roles_play("ensure-tox"),
    "ensure-virtualenv": roles_play("ensure-virtualenv"),
    "ensure-pip": roles_play("ensure-pip"),
    ALL_THREE: roles_play(*THREE),
    PREPARE + ", three tools": play_of(
        vars={"prepare_python_tools_list": ["virtualenv", "tox", "bindep"]}, roles=[PREPARE]
    ),
}
FACTS = [{"hosts": "all", "gather_facts": True, "tasks": PLAYS[PING][0]["tasks"]}]
# What the design promises (section 5): state, play, and at most how many times a ping.
LIMITS = (
    ("prepared", ALL_THREE, 2.0, "the three roles, all there"),
    ("prepared", PREPARE + ", three tools", 1.2, "prepare-python-tools with three tools, all there"),
    ("precached", ALL_THREE, 7.0, "first run without network, three tools made ready"),
)
TITLES = {
    "prepared": "prepared node: all there",
    "precached": "precached node, no network: first run",
    "bare": "bare node, mirror: first run",
}


class Row:
    """What became of a play in a state.

    :param str state: of the node.
    :param str play: its name in PLAYS.
    :param str who: whose roles.
    """

    def __init__(self, state, play, who):
        self.state = state
        self.play = play
        self.who = NOBODY if play in ("empty play", PING) else who
        self.seconds = []
        self.sources = ""
        self.remote = self.tasks = 0

    @property
    def median(self):
        """The median of its seconds."""
        return statistics.median(self.seconds)

    def add(self, seconds, played):
        """Note a measured run."""
        self.seconds.append(seconds)
        self.sources = sources_in(played)

    def count(self, played):
        """Note the tasks of a run whose results have their invocations."""
        self.tasks = len(played.results)
        self.remote = sum(on_the_node(result) for _, _, result in played.results)


class Bench(NamedTuple):
    """What the states share.

    :param str ansible: folder of ansible-playbook.
    :param pathlib.Path folder: where controllers have theirs.
    :param tests.support.roots.Root bare: the root with sshd.
    :param tests.support.roots.Root precached: that with a precache.
    :param str rival: folder of other roles, or None.
    """

    ansible: str
    folder: pathlib.Path
    bare: roots.Root
    precached: roots.Root
    rival: str

    @contextlib.contextmanager
    def reached(self, node, who, network=True):
        """Give a controller that has a node's facts and a warm connection to it."""
        folder = tempfile.mkdtemp(dir=str(self.folder))
        given = (self.rival,) if who == RIVAL else (controllers.ROLES,)
        controller = controllers.Controller(folder, ansible=self.ansible, roles=given)
        try:
            controller.add("node", node, network=network)
            run(controller, FACTS)
            yield controller
        finally:
            controller.close()

    def sides(self):
        """Return whose roles are measured."""
        return (OURS, RIVAL) if self.rival else (OURS,)


def run(controller, playbook, *options):
    """Run a playbook; return the seconds that it took, and how it ended."""
    started = time.perf_counter()
    played = controller.play(playbook, *options)
    seconds = time.perf_counter() - started
    if played.returncode:
        raise SystemExit("a play failed:\n{}".format(played.output[-4000:]))
    return seconds, played


def sources_in(played):
    """Return where a play's tools came from, those that were found first."""
    outcomes = [each for _, _, result in played.results for each in result.get("outcomes", ())]
    named = dict.fromkeys(each["source"] for each in outcomes)
    return "+".join(sorted(filter(None, named), key=lambda source: (source != "system", source)))


def on_the_node(result):
    """Return how many modules ran on the node for a task, by what only those leave in a verbose result."""
    parts = [result, *(part for part in result.get("results", ()) if isinstance(part, dict))]
    return sum("invocation" in part and part.get("kind") != "skipped" for part in parts)


def prepared(bench, rounds):
    """Measure on a warm node that has all: one node for each side, all plays in turn."""
    with contextlib.ExitStack() as stack:
        turns = []
        for who in bench.sides():
            node = stack.enter_context(bench.precached.overlay())
            fill(node)
            controller = stack.enter_context(bench.reached(node, who))
            for name in PLAYS:
                row = Row("prepared", name, who)
                if who == OURS or (row.who == RIVAL and not name.startswith(PREPARE)):
                    turns.append((controller, row))
        for controller, row in turns:  # warms up; what is not there yet, as for a rival, is made
            run(controller, PLAYS[row.play])
            row.count(run(controller, PLAYS[row.play], "-vvv")[1])
        os.sync()
        for number in range(rounds):
            at = number % len(turns)  # each play is first in its turn
            for controller, row in turns[at:] + turns[:at]:
                row.add(*run(controller, PLAYS[row.play]))
            tell("prepared", number, rounds)
    return [row for _, row in turns]


def first_runs(bench, state, root, rounds, *, sides, network):
    """Measure the three roles on nodes that never saw them, a new one each time, beside a ping there."""
    rows = {(PING, OURS): Row(state, PING, OURS)}
    rows.update({(ALL_THREE, who): Row(state, ALL_THREE, who) for who in sides})
    for number in range(-1, rounds):  # the first warms up and counts
        for who in sides if number % 2 else sides[::-1]:
            with root.overlay() as node, bench.reached(node, who, network) as controller:
                os.sync()
                for name in (PING, ALL_THREE):
                    row = rows.get((name, who))
                    if row is None:
                        continue
                    if number < 0:
                        row.count(run(controller, PLAYS[name], "-vvv")[1])
                    else:
                        row.add(*run(controller, PLAYS[name]))
        if number >= 0:
            tell(state, number, rounds)
    return list(rows.values())


def precached(bench, rounds):
    """Measure first runs on a node with a precache and without network."""
    return first_runs(bench, "precached", bench.precached, rounds, sides=(OURS,), network=False)


def bare(bench, rounds):
    """Measure first runs on a node with a mirror; slow, so of fewer rounds."""
    rounds = min(rounds, FIRST_BARE_ROUNDS)
    return first_runs(bench, "bare", bench.bare, rounds, sides=bench.sides(), network=True)


STATES = {"prepared": prepared, "precached": precached, "bare": bare}


def tell(state, number, rounds):
    """Say how far it is."""
    print("{}: round {} of {}".format(state, number + 1, rounds), file=sys.stderr, flush=True)


def fill(node):
    """Make a precached node a prepared one, as who builds an image does."""
    node.run(["python3", LAUNCHER, "venvs", "install", *PREPARED, "--link-dir", "/usr/local/bin"])
    node.run(["python3", LAUNCHER, "ensure", "pip", "--sources", "precache"])


def build_precache(root, folder):
    """Build a precache of all that the plays need for a root's Python; return its folder."""
    with root.overlay() as node:
        told = node.run(["python3", "-c", "import sys; print('cp%d%d' % sys.version_info[:2])"])
    target = "{}-linux_{}".format(told.stdout.strip(), os.uname().machine)
    argv = [sys.executable, str(ROOT / "testnode-python"), "precache", "build", "--no-get-pip"]
    for tool in ("pip", *PREPARED):
        argv += ["--tool", tool]
    argv += ["--target", target, "--output", str(folder)]
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    return (folder / "current").resolve()


def with_precache(root, precache):
    """Return a root with a precache where nodes look for one; its name is its digest, so it may be cached."""

    def prepare(node):
        roots.put_precache(node.path, precache)
        node.run(["chown", "-R", "root:root", CACHE])

    return root.with_layer("precache-" + precache.name[:16], prepare)


def pings(rows):
    """Return each state's median of a ping."""
    return {row.state: row.median for row in rows if row.play == PING}


def print_table(rows):
    """Print what was measured, seconds as medians."""
    line = "{:<10} {:<36} {:<17} {:>6} {:>15} {:>6} {:>7}"
    print(line.format("state", "play", "source", "s", "(min-max)", "pings", "remote"))
    base = pings(rows)
    for row in rows:
        name = row.play + (", " + RIVAL if row.who == RIVAL else "")
        spread = "({:.2f}-{:.2f})".format(min(row.seconds), max(row.seconds))
        ratio = "{:.2f}".format(row.median / base[row.state])
        tasks = "{}/{}".format(row.remote, row.tasks)
        print(line.format(row.state, name, row.sources, "{:.2f}".format(row.median), spread, ratio, tasks))


def print_conditions(rows):
    """Print what is promised, and whether it is so."""
    base = pings(rows)
    for state, play, limit, words in LIMITS:
        for row in rows:
            if (row.state, row.play, row.who) == (state, play, OURS):
                ratio = row.median / base[state]
                met = "met" if ratio <= limit else "NOT met"
                print("{:<56} {:.2f} <= {} pings: {}".format(words, ratio, limit, met))


def draw(rows, suite, rival, path):
    """Draw the rows as bars, a panel for each state, for its seconds are its own."""
    # Not everybody draws, and it takes a second to import.
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot
    from matplotlib.patches import Patch

    pyplot.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "roles", "font.size": 9})
    colours = {OURS: "#1f6fb2", RIVAL: "#d97b29", NOBODY: "#9a9a9a"}
    states = list(dict.fromkeys(row.state for row in rows))
    groups = [[row for row in rows if row.state == state] for state in states]
    figure, panels = pyplot.subplots(
        len(groups),
        squeeze=False,
        figsize=(8, sum(0.9 + 0.3 * len(group) for group in groups) + 0.6),
        gridspec_kw={"height_ratios": [1 + 0.45 * len(group) for group in groups]},
        layout="constrained",
        facecolor="white",
    )
    for panel, group in zip(panels[:, 0], groups):
        most = max(max(row.seconds) for row in group)
        base = pings(group)[group[0].state]
        for place, row in enumerate(group):
            spread = [[row.median - min(row.seconds)], [max(row.seconds) - row.median]]
            bar = {"color": colours[row.who], "height": 0.7}
            panel.barh(place, row.median, xerr=spread, ecolor="#444444", capsize=2, **bar)
            words = "{:.2f} s, {:.1f} pings".format(row.median, row.median / base)
            panel.text(max(row.seconds) + most * 0.015, place, words, va="center")
        panel.set_yticks(range(len(group)), [row.play for row in group])
        panel.invert_yaxis()
        panel.set_xlim(0, most * 1.3)
        panel.set_title(TITLES[group[0].state], loc="left", fontweight="bold")
        rounds = len(group[0].seconds)
        panel.set_xlabel("seconds (median of {} interleaved runs; line: least to most)".format(rounds))
        panel.spines[["top", "right"]].set_visible(False)
    present = [who for who in colours if any(row.who == who for row in rows)]
    patches = [Patch(color=colours[who], label=rival if who == RIVAL else who) for who in present]
    figure.legend(handles=patches, loc="outside lower center", ncols=len(present), frameon=False)
    figure.suptitle("Ansible roles over SSH, Debian " + suite)
    figure.savefig(path, format="svg", metadata={"Date": None})


def measure(arguments):
    """Measure the states that are asked for; return the rows."""
    roots.require()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="testnode-python-bench-"))
    try:
        root = controllers.with_ssh(roots.bare(arguments.suite))
        filled = root
        if set(arguments.state) - {"bare"}:
            filled = with_precache(root, build_precache(root, folder / "precache"))
        rival = arguments.rival and str(pathlib.Path(arguments.rival).resolve())
        bench = Bench(arguments.ansible, folder, root, filled, rival)
        return [row for state in arguments.state for row in STATES[state](bench, arguments.rounds)]
    finally:
        shutil.rmtree(str(folder))


def parse(argv=None):
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=9, help="default: %(default)s; bare: at most 3")
    parser.add_argument("--suite", default="bookworm", help="of Debian, default: %(default)s")
    parser.add_argument("--ansible", metavar="DIR", help="folder of ansible-playbook, default: this Python's")
    parser.add_argument("--rival", metavar="DIR", help="folder of roles of the same names, to run as well")
    parser.add_argument("--chart", metavar="FILE", help="draw what was measured, as SVG; takes matplotlib")
    parser.add_argument(
        "--state", action="append", choices=list(STATES), help="measure this one only; may be repeated"
    )
    arguments = parser.parse_args(argv)
    arguments.state = arguments.state or list(STATES)
    return arguments


def main():
    """Run it."""
    arguments = parse()
    for name in FOREIGN:
        os.environ.pop(name, None)
    os.environ["PATH"] += os.pathsep + "/usr/sbin"  # debootstrap
    try:
        rows = measure(arguments)
    except unittest.SkipTest as reason:
        raise SystemExit("not measured: {}".format(reason)) from reason
    print_table(rows)
    print()
    print_conditions(rows)
    if arguments.chart:
        rival = arguments.rival and pathlib.Path(arguments.rival).resolve().parent.name
        draw(rows, arguments.suite, rival, arguments.chart)


if __name__ == "__main__":
    sys.exit(main())
