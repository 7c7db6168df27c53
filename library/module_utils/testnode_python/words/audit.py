"""The words after ``testnode-python audit``."""

import sys
import textwrap

from ..audit import pythons, report, text, venvs
from . import DONE, Parser

_EXAMPLES = """\
examples:
  testnode-python audit                                  this system, as tables
  testnode-python audit --root /mnt/image --fail-on unmanaged
  testnode-python audit --json > /etc/dib-manifests/testnode-python-audit.json

Nothing of the system is run, and of an image no link is followed out of it. As root all of it can be read.
With --fail-on unmanaged it is the gate of an image build: what is in the global Python and owned by no
package of dpkg or rpm is listed, and so are commands (pip, virtualenv, tox) that lead neither to a package
nor into an environment of root's. What 'ensure pip' installs for all on a node is of that kind.

exit codes: 0 done, 1 could not, or the gate found something or could not see everything, 2 wrong usage
"""


def _searched():
    places = [" ".join(places) for places in (pythons.SEARCHED, venvs.SEARCHED)]
    words = "interpreters are looked for in {}; environments at {}, and where commands lead".format(*places)
    return "\n" + textwrap.fill(words, 105, break_on_hyphens=False, break_long_words=False) + "\n"


def main(argv):
    """Run what follows ``testnode-python audit``.

    :param list argv: the words after ``audit``.
    :returns: the exit code.
    :rtype: int
    :raises Error: where the gate does not pass.
    :raises UsageError: where the words make no sense.
    """
    parser = Parser(
        prog="testnode-python audit",
        usage="testnode-python audit [options]",
        description="Says which Pythons, environments, packages and commands there are, and who owns them.",
        epilog=_EXAMPLES + _searched(),
    )
    add = parser.add_argument
    add("--json", action="store_true", help="print the report as JSON")
    add(
        "--root",
        default="/",
        metavar="DIR",
        help="look at the system that is mounted there (default: this one)",
    )
    add("--fail-on", choices=("unmanaged",), help="fail where something in the global Python has no owner")
    arguments = parser.parse_args(argv)
    made = report.make(arguments.root)
    words = made.as_json() if arguments.json else text.of(made)
    # The output may be able to take less than a name has.
    encoding = sys.stdout.encoding or "ascii"
    print(words.encode(encoding, "backslashreplace").decode(encoding), flush=True)
    if arguments.fail_on:
        report.refuse_unmanaged(made)
    return DONE
