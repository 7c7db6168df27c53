"""The command line: words in, sentences and an exit code out."""

import argparse
import importlib
import os
import sys

from . import checkout, ladder
from .errors import Error, NotReadyError, UsageError
from .getpip import GET_PIP_URL
from .outcome import SOURCES
from .request import DEFAULT_SOURCES, DEFAULT_TIMEOUT, DEFAULT_VENVS, Request

DONE, COULD_NOT, WRONG_USAGE = 0, 1, 2
# As a shell reports a program that SIGINT ended.
INTERRUPTED = 130

_EXAMPLES = """\
examples:
  testnode-python run tox -e py3          tox made ready, then run
  testnode-python ensure virtualenv       prints where it is
  testnode-python ensure tox --version '<4' --python python3.8
  testnode-python ensure pip --sources system,precache
  testnode-python find bindep --json      what is there, and why the rest did not count
  testnode-python precache build --output /opt/cache/testnode-python

exit codes: 0 done, 1 could not, 2 wrong usage
"""


def main(argv=None):
    """Run the command line.

    :param list argv: the words after the program's name; by default this process's.
    :returns: the exit code.
    :rtype: int
    """
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] == ["precache"]:
        return _guarded(_precache, argv[1:])
    return _guarded(_node_side, argv)


def _guarded(words, argv):
    """Turn expected errors into a sentence and an exit code; bugs keep their traceback."""
    try:
        return words(argv)
    except Error as error:
        print("testnode-python: {}".format(error), file=sys.stderr)
        return WRONG_USAGE if isinstance(error, UsageError) else COULD_NOT
    except KeyboardInterrupt:
        return INTERRUPTED


def _node_side(argv):
    arguments = _parser().parse_args(argv)
    if arguments.word is None:
        _parser().print_help()
        return WRONG_USAGE
    return arguments.act(arguments)


def _parser():
    parser = argparse.ArgumentParser(
        prog="testnode-python",
        description="Makes Python tools ready: from what is there, from a precache, or from a mirror.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    words = parser.add_subparsers(dest="word", metavar="WORD")
    for name, act, text in (
        ("ensure", _ensure, "make a tool ready and print where it is"),
        ("find", _find, "print where a tool is, if it is there"),
        ("run", _run, "make a tool ready and run it"),
    ):
        word = words.add_parser(name, help=text, description=text.capitalize() + ".")
        word.set_defaults(act=act)
        _add_options(word)
        word.add_argument(
            "tool", metavar="TOOL", help="its name: pip, tox, virtualenv, ... or any name on PyPI"
        )
        if name == "run":
            word.add_argument(
                "arguments", nargs=argparse.REMAINDER, metavar="ARGS", help="what the tool is told"
            )
    words.add_parser("precache", help="lock, build, verify and show precaches", add_help=False)
    return parser


def _add_options(word):
    add = word.add_argument
    add("--version", default="", metavar="SPEC", help="a PEP 440 specifier, as in '>=4,<5'")
    add("--command", default="", metavar="C", help="the tool's program where that has another name")
    add("--executable", default="", metavar="PATH", help="a program to consider before all others")
    add("--python", default="", metavar="EXE", help="the Python it is for (default: python3 on PATH)")
    add("--precache", default="", metavar="DIR", help="default: /opt/cache/testnode-python/current")
    add(
        "--mirror",
        action="append",
        default=[],
        metavar="URL",
        help="an index, instead of pip's configuration; repeatable",
    )
    add(
        "--sources",
        default=",".join(DEFAULT_SOURCES),
        metavar="A,B",
        help="what may be used, of {}".format(", ".join(SOURCES)),
    )
    add("--venv", default="", metavar="DIR", help="where its environment goes (default: ~/.local/TOOL)")
    add(
        "--venvs",
        action="append",
        default=[],
        metavar="PATTERN",
        help="where system-level venvs are (default: {}); repeatable".format(*DEFAULT_VENVS),
    )
    add("--scope", default="", metavar="S", help="of pip: user or global (default: global for root)")
    add(
        "--get-pip",
        nargs="?",
        const="upstream",
        default="",
        metavar="URL",
        help="install pip by get-pip.py, the precached one or that at a URL",
    )
    add(
        "--timeout",
        type=float,
        default=DEFAULT_TIMEOUT,
        metavar="S",
        help="seconds for everything (default: %(default)g)",
    )
    add("--json", action="store_true", help="print the whole outcome as JSON")


def _request(arguments, **changes):
    request = Request(
        tool=arguments.tool,
        version=arguments.version,
        command=arguments.command,
        executable=arguments.executable,
        python=arguments.python,
        sources=tuple(source.strip() for source in arguments.sources.split(",")),
        venv=arguments.venv,
        venvs=tuple(arguments.venvs) or DEFAULT_VENVS,
        precache=arguments.precache,
        mirrors=tuple(arguments.mirror),
        scope=arguments.scope,
        get_pip=GET_PIP_URL if arguments.get_pip == "upstream" else arguments.get_pip,
        timeout=arguments.timeout,
    )
    return request._replace(**changes)


def _ensure(arguments):
    report = None if arguments.json else _print_attempt
    return _print_outcome(arguments, lambda: ladder.ensure(_request(arguments), report=report))


def _find(arguments):
    return _print_outcome(arguments, lambda: ladder.ensure(_request(arguments, sources=("system",))))


def _print_outcome(arguments, climb):
    try:
        outcome = climb()
    except NotReadyError as error:
        if arguments.json:
            print(error.outcome.as_json())
        raise
    print(outcome.as_json() if arguments.json else outcome.executable)
    return DONE


def _print_attempt(attempt):
    if not attempt.reason.startswith("not allowed"):
        print(attempt, file=sys.stderr)


def _run(arguments):
    outcome = ladder.ensure(_request(arguments), report=_print_work)
    sys.stdout.flush()
    os.execv(outcome.executable, [outcome.executable] + arguments.arguments)


def _print_work(attempt):
    # Who runs a tool that is there wants to see the tool and nothing else.
    if attempt.source != "system":
        _print_attempt(attempt)


def _precache(argv):
    """Hand over to the image side, in an environment that has its libraries."""
    command = checkout.builder_command(dict(os.environ), _print_work)
    if command:
        os.execv(command[0], command + ["precache"] + argv)
    try:
        # By name: what Ansible ships of this package must not include the image side.
        builder = importlib.import_module(".builder.cli", __package__)
    except ImportError as error:
        raise Error(
            "the image side needs {}".format(error.name), "install it: pip install 'testnode-python[builder]'"
        ) from error
    return builder.main(argv)
