"""The command line: words in, sentences and an exit code out."""

import argparse
import importlib
import importlib.util
import os
import signal
import sys

from . import ladder
from .errors import Error, NotReadyError, UsageError
from .outcome import SOURCES
from .request import DEFAULT_SOURCES, DEFAULT_TIMEOUT, DEFAULT_VENVS, Request
from .words import COULD_NOT, DONE, WRONG_USAGE, Parser, add_python, add_supplies, seconds

# As a shell reports a program that SIGINT ended.
INTERRUPTED = 130

_EXAMPLES = """\
examples:
  testnode-python run tox -e py3          tox made ready, then run
  testnode-python ensure virtualenv       prints where it is
  testnode-python ensure tox --version '<4' --python python3.8
  testnode-python ensure pip --sources system,precache
  testnode-python find bindep --json      what is there, and why the rest did not count
  testnode-python venvs install tox bindep --link-dir /usr/local/bin
  testnode-python precache build --output /opt/cache/testnode-python
  testnode-python audit --fail-on unmanaged

exit codes: 0 done, 1 could not, 2 wrong usage
"""
_WORDS = (
    (
        "ensure",
        "make a tool ready and print where it is",
        "TOOL [options]",
        """\
example:
  "$(testnode-python ensure tox --version '>=4')" --version

Its path alone goes to standard output, what was tried to standard error.
""",
    ),
    (
        "find",
        "print where a tool is, if it is there",
        "TOOL [options]",
        """\
example:
  testnode-python find tox --venvs '/opt/venvs/{tool}'

It writes nothing and asks no source but what is there.
""",
    ),
    (
        "run",
        "make a tool ready and run it",
        "[options] TOOL [ARGS ...]",
        """\
example:
  testnode-python run --version '<4' tox -e py3 --notest

Options of ours go before TOOL, all that follows it is the tool's.
""",
    ),
)


def main(argv=None):
    """Run the command line.

    :param list argv: the words after the program's name; by default this process's.
    :returns: the exit code.
    :rtype: int
    """
    argv = sys.argv[1:] if argv is None else argv
    others = {"precache": _precache, "venvs": _venvs, "audit": _audit}
    if argv and argv[0] in others:
        return _guarded(others[argv[0]], argv[1:])
    return _guarded(_node_side, argv)


def program():
    """Run the command line and end this process with its exit code."""
    _open_streams()
    for number in (signal.SIGTERM, signal.SIGHUP):
        # As an exception, so that what we started ends with us and nothing is left behind.
        signal.signal(number, _end)
    try:
        code = main()
        sys.stdout.flush()
    except OSError as error:
        # Our own output is what cannot be written; the interpreter would try once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        print("testnode-python: the output cannot be written: {}".format(error.strerror), file=sys.stderr)
        code = COULD_NOT
    sys.exit(code)


def _end(number, frame):
    sys.exit(128 + number)


def _open_streams():
    """Open standard streams that are closed: the next file opened would be taken for one of them."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdout = sys.stdout or open(os.devnull, "w")
    sys.stderr = sys.stderr or open(os.devnull, "w")


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
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.word is None:
        parser.print_help(sys.stderr)
        return WRONG_USAGE
    return {"ensure": _ensure, "find": _find, "run": _run}[arguments.word](arguments)


def _parser():
    parser = Parser(
        prog="testnode-python",
        usage="testnode-python WORD [options] ...",
        description="Makes Python tools ready: from what is there, from a precache, or from a mirror.",
        epilog=_EXAMPLES,
    )
    words = parser.add_subparsers(
        dest="word", metavar="WORD", title="words ('testnode-python WORD --help' tells more)"
    )
    for name, text, usage, epilog in _WORDS:
        prog = "testnode-python " + name
        word = words.add_parser(
            name,
            help=text,
            prog=prog,
            usage="{} {}".format(prog, usage),
            description="{}.".format(text.capitalize()),
            epilog=epilog,
        )
        word.add_argument(
            "tool", metavar="TOOL", help="its name: pip, tox, virtualenv, ... or any name on PyPI"
        )
        if name == "run":
            rest = word.add_argument(
                "arguments", nargs=argparse.REMAINDER, metavar="ARGS", help="what the tool is told"
            )
            rest.required = False  # some Pythons would name it among what is missing
        _add_options(word)
    words.add_parser("venvs", help="install, list and remove system-level venvs", add_help=False)
    words.add_parser("precache", help="lock, build, show, verify and copy precaches", add_help=False)
    words.add_parser(
        "audit", help="say which Pythons and packages there are, and who owns them", add_help=False
    )
    return parser


def _add_options(word):
    add = word.add_argument_group("what is wanted").add_argument
    add("--version", default="", metavar="SPEC", help="a PEP 440 specifier, as in '>=4,<5'")
    add("--command", default="", metavar="C", help="the tool's program where that has another name")
    add_python(add)

    add = word.add_argument_group("where it may come from").add_argument
    add(
        "--sources",
        default=",".join(DEFAULT_SOURCES),
        metavar="A,B",
        help="what may be used, of {} (default: %(default)s)".format(", ".join(SOURCES)),
    )
    add("--executable", default="", metavar="PATH", help="a program to consider before all others")
    add(
        "--venvs",
        action="append",
        default=[],
        metavar="PATTERN",
        help="where system-level venvs are (default: {}); repeatable".format(*DEFAULT_VENVS),
    )
    add_supplies(add)

    add = word.add_argument_group("where it goes").add_argument
    add("--venv", default="", metavar="DIR", help="its environment (default: ~/.local/TOOL)")
    add("--scope", default="", metavar="S", help="pip alone: user or global (default: global for root)")
    add(
        "--get-pip",
        nargs="?",
        const="upstream",
        default="",
        metavar="URL",
        help="pip alone: by get-pip.py, that at a URL or 'precache' (default: upstream's)",
    )

    add = word.add_argument_group("how").add_argument
    add(
        "--timeout",
        type=seconds,
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
        get_pip=arguments.get_pip,
        timeout=arguments.timeout,
    )
    return request._replace(**changes)


def _ensure(arguments):
    try:
        outcome = _climb(arguments, None if arguments.json else _print_attempt)
    except NotReadyError as error:
        if arguments.json:
            raise
        raise Error(_without_reasons(error.outcome)) from error
    return _print_outcome(outcome, arguments)


def _find(arguments):
    try:
        outcome = _climb(arguments, sources=("system",))
    except NotReadyError as error:
        system = error.outcome.attempts[0]
        raise Error("{} is not there: {}".format(error.outcome.tool, system.reason), system.cure) from error
    return _print_outcome(outcome, arguments)


def _run(arguments):
    outcome = _climb(arguments, _print_work)
    sys.stdout.flush()
    try:
        os.execv(outcome.executable, [outcome.executable] + arguments.arguments)
    except OSError as error:
        raise Error("{} cannot be started: {}".format(outcome.executable, error.strerror)) from error


def _climb(arguments, report=None, **changes):
    try:
        return ladder.ensure(_request(arguments, **changes), report=report)
    except NotReadyError as error:
        if arguments.json:
            print(error.outcome.as_json())
        raise


def _print_outcome(outcome, arguments):
    print(outcome.as_json() if arguments.json else outcome.executable)
    return DONE


def _print_attempt(attempt):
    # Flushed: before Python 3.9 standard error is buffered, and what is in a buffer does not survive exec.
    if not attempt.reason.startswith("not allowed"):
        print(attempt, file=sys.stderr, flush=True)


def _print_work(attempt):
    # Who runs a tool that is there wants to see the tool and nothing else.
    if attempt.source != "system":
        _print_attempt(attempt)


def _without_reasons(outcome):
    """Return the end of a failure whose reasons were printed as they came."""
    lines = ["{} could not be made ready".format(outcome.tool)]
    lines += ["  {:<8}  -> {}".format(each.source, each.cure) for each in outcome.attempts if each.cure]
    return "\n".join(lines)


def _announce(words):
    print("testnode-python: {}".format(words), file=sys.stderr, flush=True)


def _venvs(argv):
    from .words import venvs  # as below

    return venvs.main(argv)


def _audit(argv):
    from .words import audit  # as below

    return audit.main(argv)


def _needs_libraries(argv):
    return argv[:1] in (["lock"], ["build"]) and not {"-h", "--help"} & set(argv)


def _precache(argv):
    """Hand over to the image side, in an environment that has its libraries where it needs them."""
    # Who asks for a tool need not wait for them.
    from . import checkout
    from .words import precache

    if argv[:1] and argv[0] in precache.WORDS:
        return precache.main(argv)
    if argv[:1] in (["-h"], ["--help"]) and importlib.util.find_spec(".builder", __package__) is None:
        return precache.main(argv)  # tells of what there is
    checkout.refuse_old_python()
    command = checkout.builder_command(dict(os.environ), _announce) if _needs_libraries(argv) else []
    if command:
        os.execv(command[0], command + ["precache"] + argv)
    try:
        # By name: what Ansible ships of this package must not include the image side.
        builder = importlib.import_module(".builder.cli", __package__)
    except ImportError as error:
        raise Error(
            "the image side is not here ({} is missing)".format(error.name),
            "use a checkout of testnode-python, or pip install '.[builder]' in one",
        ) from error
    return builder.main(argv)
