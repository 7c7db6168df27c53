"""The words after ``testnode-python precache``: lock, build, show, and those of the node side."""

import argparse
import os
import sys
from pathlib import Path

from ..configuration import Setting, mirrors, read
from ..errors import Error, UsageError
from ..precache import DEFAULT_OUTPUT
from ..words import COULD_NOT, DONE, WRONG_USAGE, Parser, as_table, print_json
from ..words import precache as node_side

GET_PIP_PLACE = "https://bootstrap.pypa.io"

_EXAMPLES = """\
examples:
  testnode-python precache lock                      every tool for every target, newest versions
  testnode-python precache lock --tool tox --target cp311-linux_x86_64
  testnode-python precache build --output DIR        what an image carries
  testnode-python precache build --output DIR --target cp311-linux_x86_64 --tool tox --no-get-pip
  testnode-python precache verify DIR                every missing, extra, altered file
  testnode-python precache copy DIR                  to a node, for its Python alone
  testnode-python precache show DIR --json

exit codes: 0 done, 1 could not (verify: something is wrong), 2 wrong usage
"""


def main(argv: list[str]) -> int:
    """Run what follows ``testnode-python precache``.

    :param argv: the words after ``precache``.
    :returns: the exit code.
    """
    parser = _parser()
    try:
        arguments = parser.parse_args(argv)
        if arguments.word is None:
            parser.print_help(sys.stderr)
            return WRONG_USAGE
        return arguments.act(arguments)
    except Error as error:
        print(f"testnode-python: {error}", file=sys.stderr)
        return WRONG_USAGE if isinstance(error, UsageError) else COULD_NOT
    except ImportError as error:
        print(
            f"testnode-python: this Python has no {error.name}; run it from a checkout, "
            "which makes itself an environment, or install testnode-python[builder]",
            file=sys.stderr,
        )
        return COULD_NOT


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="testnode-python precache",
        description="Makes and looks at precaches: the wheels that an image carries for its jobs.",
        epilog=_EXAMPLES,
    )
    words = parser.add_subparsers(dest="word", metavar="WORD")
    lock = _word(words, "lock", _lock, "write the locks anew and print what changed")
    build = _word(words, "build", _build, "fetch what the locks name and print the precache's folder")
    for word in (lock, build):
        word.add_argument(
            "--toolset", default="", metavar="FILE", help="default: toolset.toml of the checkout"
        )
        word.add_argument("--locks", default="", metavar="DIR", help="default: locks/ beside the toolset")
        word.add_argument(
            "--target", action="append", default=[], metavar="T", help="only this one; repeatable"
        )
        word.add_argument(
            "--tool", action="append", default=[], metavar="T", help="only this one; repeatable"
        )
    lock.add_argument("--index", default="", metavar="URL", help="default: pip's configuration, else PyPI")
    lock.add_argument(
        "--exclude-newer", default="", metavar="DATE", help="as if it were this date (ISO 8601)"
    )
    lock.add_argument(
        "--jobs", type=_positive, default=0, metavar="N", help="uv at once (default: twice the cores)"
    )
    add = build.add_argument
    add(
        "--output",
        default=DEFAULT_OUTPUT,
        metavar="DIR",
        help="holds precaches and a link to the current (default: %(default)s)",
    )
    add(
        "--index",
        action="append",
        default=[],
        metavar="URL",
        help="for files that their lock's URL does not give; repeatable",
    )
    place = build.add_mutually_exclusive_group()
    place.add_argument(
        "--get-pip-url",
        default=GET_PIP_PLACE,
        metavar="URL",
        help="the place of get-pip.py (default: %(default)s)",
    )
    place.add_argument("--no-get-pip", action="store_true", help="build without get-pip.py")
    word = _word(words, "show", _show, "print what a precache has")
    word.add_argument(
        "precache", nargs="?", default=DEFAULT_OUTPUT, metavar="DIR", help="default: %(default)s"
    )
    node_side.add_to(words)
    return parser


def _word(words, name, act, text):
    word = words.add_parser(
        name,
        help=text,
        description=text.capitalize() + ".",
        epilog=_examples_of(name),
    )
    word.set_defaults(act=act)
    word.add_argument("--json", action="store_true", help="print the result as JSON")
    return word


def _examples_of(name: str) -> str:
    lines = [line for line in _EXAMPLES.splitlines() if f"precache {name}" in line]
    return "\n".join(["examples:", *lines])


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _lock(arguments: argparse.Namespace) -> int:
    from . import locks, progress, toolset

    declared, folder = _inputs(arguments)
    settings = read(dict(os.environ), sys.prefix)
    configured = settings["index-url"].value if "index-url" in settings else ""  # a lock has one index
    environ = _with_transport(dict(os.environ), settings)
    options = locks.Options(environ, arguments.index or configured, arguments.exclude_newer)
    if arguments.jobs:
        options = options._replace(workers=arguments.jobs)
    with progress.shown("locked") as tell:
        changes = locks.lock(
            toolset.load(declared),
            folder,
            targets=arguments.target,
            tools=arguments.tool,
            options=options,
            progress=tell,
        )
    if arguments.json:
        print_json([change._asdict() for change in changes])
    elif changes:
        rows = [[change.tool, change.target, change.old or "-", change.new or "-"] for change in changes]
        print(as_table(["tool", "target", "old", "new"], rows))
    else:
        print("nothing changed", file=sys.stderr)
    return DONE


def _build(arguments: argparse.Namespace) -> int:
    from . import build, downloads, progress, show, toolset

    declared, folder = _inputs(arguments)
    settings = read(dict(os.environ), sys.prefix)
    place = "" if arguments.no_get_pip else arguments.get_pip_url.rstrip("/")
    with downloads.Downloads(mirrors(arguments.index, settings), dict(os.environ)) as session:
        with progress.shown("wheels") as tell:
            built = build.build(
                toolset.load(declared),
                folder,
                os.path.abspath(arguments.output),
                targets=arguments.target,
                tools=arguments.tool,
                get_pip=place,
                downloads=session,
                progress=tell,
            )
    done = "built" if built.changed else "nothing to do"
    print(
        f"{done}: {built.files} files, {show.megabytes(built.bytes)}; "
        f"{built.fetched} fetched, {built.linked} taken over, {built.requests} requests",
        file=sys.stderr,
    )
    if arguments.json:
        print_json(built._asdict())
    else:
        print(built.folder)
    return DONE


def _show(arguments: argparse.Namespace) -> int:
    from . import show

    shown = show.show(arguments.precache)
    if arguments.json:
        print_json(shown._asdict())
    else:
        print(show.text_of(shown))
    return DONE


def _inputs(arguments: argparse.Namespace) -> tuple[str, str]:
    """Return the paths of toolset and locks: as named, else those of the checkout."""
    checkout = Path(__file__).resolve().parents[4]
    toolset = arguments.toolset or str(checkout / "toolset.toml")
    if not os.path.exists(toolset):
        raise UsageError(
            f"there is no toolset at {toolset}"
            if arguments.toolset
            else "this is no checkout of testnode-python",
            "name a toolset with --toolset and its locks with --locks",
        )
    return toolset, arguments.locks or os.path.join(os.path.dirname(os.path.abspath(toolset)), "locks")


def _with_transport(environ: dict[str, str], settings: dict[str, Setting]) -> dict[str, str]:
    """Return the variables with the certificates and the proxy that pip's configuration names, for uv."""
    if "cert" in settings:
        environ["SSL_CERT_FILE"] = settings["cert"].value
    if "proxy" in settings:
        environ.update(dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), settings["proxy"].value))
    return environ
