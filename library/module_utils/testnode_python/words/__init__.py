"""What the words of the command line share; those that only some need are modules here."""

import argparse
import json

from ..errors import UsageError

DONE, COULD_NOT, WRONG_USAGE = 0, 1, 2
# A day: more is a mistake, and more than the system's timers bear is a crash.
_LONGEST = 86400


class Parser(argparse.ArgumentParser):
    """Says what is wrong in a sentence, and keeps to whole options."""

    def __init__(self, **settings):
        super().__init__(allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, **settings)

    def error(self, message):
        """Raise what argparse found wrong, where it would end the process.

        :param str message: its words.
        :raises UsageError: always.
        """
        raise UsageError(message, "'{} --help' tells more".format(self.prog))


def seconds(text):
    """Return the seconds that an option gives (a ``type`` of argparse).

    :param str text: as it was written.
    :rtype: float
    """
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number <= _LONGEST:
        raise argparse.ArgumentTypeError("{!r} is no number above 0 and up to {}".format(text, _LONGEST))
    return number


def add_python(add):
    """Add the option that names a Python.

    :param add: ``add_argument`` of a parser or group.
    """
    add("--python", default="", metavar="EXE", help="the Python it is for (default: python3 on PATH)")


def add_supplies(add):
    """Add the options that name a precache and mirrors; the argument is as of ``add_python``."""
    add("--precache", default="", metavar="DIR", help="default: /opt/cache/testnode-python/current")
    add(
        "--mirror",
        action="append",
        default=[],
        metavar="URL",
        help="an index, instead of pip's configuration; repeatable",
    )


def print_json(data):
    """Print plain data as one JSON document."""
    print(json.dumps(data, indent=1, sort_keys=True))


def as_table(headings, rows):
    """Return rows as aligned columns below their headings.

    :param list headings: a text for each column.
    :param list rows: lists of texts.
    :rtype: str
    """
    lines = [headings] + rows
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines
    )
