"""The words after ``testnode-python venvs``: install, list, remove."""

import os
import sys

from .. import venvs
from ..errors import Error, UsageError
from ..request import DEFAULT_TIMEOUT, Request
from . import COULD_NOT, DONE, WRONG_USAGE, Parser, add_python, add_supplies, as_table, print_json, seconds

_EXAMPLES = """\
examples, as root:
  testnode-python venvs install tox virtualenv bindep --link-dir /usr/local/bin
  testnode-python venvs install zuul-cloner --sources precache
  testnode-python venvs list
  testnode-python venvs remove bindep --link-dir /usr/local/bin

A venv is at /usr/TOOL-env, that of glean at /usr/glean, that of zuul-cloner at
/usr/zuul-env.  Installed again on the same lock it stays as it is; on another one
it is swapped, and what runs from the old one goes on.

exit codes: 0 done, 1 could not (what could was done), 2 wrong usage
"""


def main(argv):
    """Run what follows ``testnode-python venvs``.

    :param list argv: the words.
    :returns: the exit code.
    :rtype: int
    :raises Error: where something cannot be done, as a sentence.
    """
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.word is None:
        parser.print_help(sys.stderr)
        return WRONG_USAGE
    return {"install": _install, "list": _list, "remove": _remove}[arguments.word](arguments)


def _parser():
    parser = Parser(
        prog="testnode-python venvs",
        description="System-level venvs: tools for everybody on a node, each in a venv of root's.",
        epilog=_EXAMPLES,
    )
    words = parser.add_subparsers(dest="word", metavar="WORD")
    install = _word(words, "install", "make venvs, or bring them to the lock of the precache")
    remove = _word(words, "remove", "remove venvs")
    for word in (install, remove):
        word.add_argument("tools", metavar="TOOL", nargs="+", help="tox, bindep, ... or any name on PyPI")
        word.add_argument("--venv", default="", metavar="DIR", help="another place; for one tool")
        word.add_argument("--link-dir", default="", metavar="DIR", help="where links to its commands are")
        word.add_argument(
            "--timeout",
            type=seconds,
            default=DEFAULT_TIMEOUT,
            metavar="S",
            help="seconds for each (default: %(default)g)",
        )
    _add_sources(install)
    for word in (install, remove, _word(words, "list", "print the venvs that are there")):
        word.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser


def _add_sources(word):
    add = word.add_argument
    add_python(add)
    add(
        "--sources",
        default=",".join(venvs.SOURCES),
        metavar="A,B",
        help="what may be used (default: %(default)s)",
    )
    add_supplies(add)


def _word(words, name, text):
    examples = [line for line in _EXAMPLES.splitlines() if "venvs " + name in line]
    return words.add_parser(
        name,
        help=text,
        prog="testnode-python venvs " + name,
        description=text.capitalize() + ".",
        epilog="\n".join(["examples, as root:"] + examples),
    )


def _requests(arguments, **fields):
    if arguments.venv and len(arguments.tools) > 1:
        raise UsageError("--venv is for one tool", "install the others by another call")
    common = {"venv": arguments.venv, "timeout": arguments.timeout}
    return [Request(tool, **dict(common, **fields)) for tool in dict.fromkeys(arguments.tools)]


def _install(arguments):
    sources = tuple(source.strip() for source in arguments.sources.split(","))
    if not set(sources) <= set(venvs.SOURCES):
        raise UsageError(
            "a system-level venv is made from {}, not from {}".format(
                " or ".join(venvs.SOURCES), ", ".join(sources)
            )
        )
    requests = _requests(
        arguments,
        python=arguments.python,
        sources=sources,
        precache=arguments.precache,
        mirrors=tuple(arguments.mirror),
    )

    return _each(venvs.install, requests, arguments)


def _remove(arguments):
    return _each(venvs.remove, _requests(arguments), arguments)


def _each(act, requests, arguments):
    tell = _complain if arguments.json else _tell
    results = venvs.each(act, requests, dict(os.environ), arguments.link_dir, tell)
    if arguments.json:
        print_json(results)
    failed = [result["tool"] for result in results if "error" in result]
    if failed and len(results) > 1:
        print("testnode-python: not done: {}".format(", ".join(failed)), file=sys.stderr)
    return COULD_NOT if failed else DONE


def _complain(done):
    if isinstance(done, Error):
        print("testnode-python: {}".format(done), file=sys.stderr, flush=True)


def _tell(done):
    _complain(done)
    if isinstance(done, venvs.Installed):
        outcome = done.outcome
        state = "made from {}".format(outcome.source) if outcome.changed else "as it was"
        print("{}  {} {}, {}".format(outcome.environment, outcome.tool, outcome.version, state))
        print("".join("  + {}\n".format(path) for path in done.links), end="", flush=True)
    if isinstance(done, venvs.Removed) and not done.changed:
        print("{} was not there".format(done.tool))
    if not isinstance(done, Error):
        print("".join("  - {}\n".format(path) for path in done.removed), end="", flush=True)


def _list(arguments):
    found = venvs.installed()
    if arguments.json:
        print_json([venv._asdict() for venv in found])
    elif found:
        headings = ["venv", "tool", "version", "from", "locked", "python"]
        rows = [
            [
                venv.path,
                venv.tool,
                venv.version,
                venv.source,
                venv.locked[:10] or "-",
                venv.fault or venv.python,
            ]
            for venv in found
        ]
        print(as_table(headings, rows))
    else:
        print("there are no system-level venvs of ours", file=sys.stderr)
    return DONE
