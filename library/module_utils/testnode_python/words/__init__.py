"""What the words of the command line share; those that only some need are modules here."""

import argparse

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
