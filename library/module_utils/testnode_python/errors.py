"""What can go wrong, as sentences: a cause and a cure."""


class Error(Exception):
    """Base of every expected failure; ``str()`` is a sentence for people.

    :param str cause: what is wrong, naming the thing it is wrong with.
    :param str cure: what to do about it; empty where the cause says it.
    """

    def __init__(self, cause, cure=""):
        super().__init__(cause, cure)
        self.cause = cause
        self.cure = cure

    def __str__(self):
        return "; ".join(part for part in (self.cause, self.cure) if part)


class UsageError(Error):
    """The request itself makes no sense: a bad name, specifier or option."""


class CommandError(Error):
    """A program that we started failed.

    :param list argv: the program and its arguments.
    :param int returncode: its exit code, or None where it did not end in time.
    :param str output: what it printed, with secrets removed.
    """

    def __init__(self, cause, argv, returncode=None, output=""):
        super().__init__(cause)
        self.argv = argv
        self.returncode = returncode
        self.output = output


class PrecacheError(Error):
    """A precache that is not there, not to be trusted or not whole.

    :param str path: the file or folder at fault.
    """

    def __init__(self, path, cause, cure=""):
        super().__init__(cause, cure)
        self.path = path


class MirrorError(Error):
    """An index that did not give what it was asked for.

    :param str url: the index, without credentials.
    """

    def __init__(self, url, cause, cure=""):
        super().__init__(cause, cure)
        self.url = url


class PlaceError(Error):
    """An environment cannot be made where it was wanted.

    :param str path: the place.
    """

    def __init__(self, path, cause, cure=""):
        super().__init__(cause, cure)
        self.path = path


class NotReadyError(Error):
    """No source made the tool ready.

    :param Outcome outcome: every attempt and its reason.
    """

    def __init__(self, outcome, cause, cure=""):
        super().__init__(cause, cure)
        self.outcome = outcome
