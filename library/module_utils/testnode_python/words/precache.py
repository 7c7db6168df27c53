"""The words after ``testnode-python precache`` that a node has too: verify, copy."""

import argparse
import os
import sys

from .. import contents, copies, interpreters
from ..errors import Error
from ..precache import DEFAULT_OUTPUT
from . import DONE, Parser, add_python, print_json

WORDS = ("verify", "copy")

_EXAMPLES = """\
examples:
  testnode-python precache verify DIR                every missing, extra, altered file
  testnode-python precache verify DIR --max-age 30   and that its newest wheel is of the last 30 days
  testnode-python precache copy DIR                  for this node's python3, to {output}
  testnode-python precache copy DIR --target cp311-linux_x86_64 --output DIR
""".format(output=DEFAULT_OUTPUT)

_ELSEWHERE = "lock, build and show are words of the image side: they need a checkout of testnode-python."


def main(argv):
    """Run one of these words.

    :param list argv: the words after ``precache``.
    :returns: the exit code.
    :rtype: int
    :raises Error: where something is wrong, as a sentence.
    """
    parser = Parser(prog="testnode-python precache", epilog=_ELSEWHERE)
    add_to(parser.add_subparsers(dest="word", metavar="WORD"))
    arguments = parser.parse_args(argv)
    return arguments.act(arguments)


def add_to(words):
    """Add these words to the subparsers of a command line.

    :param words: what ``add_subparsers`` returned; ``act`` of the arguments runs the word.
    """
    verify = _word(words, "verify", _verify, "compare a precache with its manifest")
    verify.add_argument(
        "precache", nargs="?", default=DEFAULT_OUTPUT, metavar="DIR", help="default: %(default)s"
    )
    verify.add_argument(
        "--max-age",
        type=_days,
        metavar="DAYS",
        help="how long ago its newest wheel may have been published (default: any time)",
    )
    word = _word(words, "copy", _copy, "copy a precache, for the targets of a node alone")
    add = word.add_argument
    add("precache", metavar="DIR", help="the precache, of any number of targets")
    add(
        "--output",
        default=DEFAULT_OUTPUT,
        metavar="DIR",
        help="holds precaches and a link to the current (default: %(default)s)",
    )
    add("--target", action="append", default=[], metavar="T", help="instead of the Python's own; repeatable")
    add_python(add)


def _days(text):
    if not text.isdigit():
        raise argparse.ArgumentTypeError("{!r} is no number of days".format(text))
    return int(text)


def _word(words, name, act, text):
    examples = [line for line in _EXAMPLES.splitlines() if "precache " + name in line]
    word = words.add_parser(
        name,
        help=text,
        prog="testnode-python precache " + name,
        description=text.capitalize() + ".",
        epilog="\n".join(["examples:"] + examples),
    )
    word.set_defaults(act=act)
    word.add_argument("--json", action="store_true", help="print the result as JSON")
    return word


def _verify(arguments):
    findings = contents.verify(arguments.precache)
    if arguments.json:
        print_json([finding._asdict() for finding in findings])
    for finding in findings:
        if not arguments.json:
            print("{:<8} {}".format(finding.problem, finding.path))
    if findings:
        raise Error(
            "{} is not what its manifest says (files: {})".format(arguments.precache, len(findings)),
            "build it again; what is extra is yours to remove",
        )
    _refuse_old(arguments)
    return DONE


def _refuse_old(arguments):
    if arguments.max_age is None:
        return
    days = contents.age_of(contents.read(contents.folder_of(arguments.precache)))
    if days > arguments.max_age:
        raise Error(
            "the newest wheel of {} was published {} days ago, and {} are allowed".format(
                arguments.precache, days, arguments.max_age
            ),
            "lock and build it again; if the locks stay the same nothing newer is there, so allow more",
        )


def _copy(arguments):
    platform = None
    if not arguments.target:
        platform = interpreters.platform_of(arguments.python, dict(os.environ))
    copied = copies.copy(arguments.precache, os.path.abspath(arguments.output), arguments.target, platform)
    print(
        "{}: {} files, {:.1f} MB".format(
            "copied" if copied.changed else "nothing to do", copied.files, copied.bytes / 1e6
        ),
        file=sys.stderr,
    )
    if arguments.json:
        print_json(copied._asdict())
    else:
        print(copied.folder)
    return DONE
