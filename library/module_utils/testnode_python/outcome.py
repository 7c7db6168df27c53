"""What came of a request: for people, for scripts and for Ansible alike."""

import json
from typing import List, NamedTuple

SOURCES = ("system", "precache", "mirror", "packages")


class Attempt(NamedTuple):
    """One rung of the ladder: ``reason`` says why it did not serve, or what it gave.

    ``cure`` says what would make it serve, where that is known.
    """

    source: str
    succeeded: bool
    reason: str
    cure: str
    seconds: float

    def __str__(self):
        return "{:<8}  {}  ({:.1f} s)".format(self.source, self.reason, self.seconds)


class Ready(NamedTuple):
    """What a rung gave; ``words`` say so to people, the rest is as in ``Outcome``."""

    words: str
    executable: str
    version: str
    changed: bool = False
    locked: str = ""
    unlocked: bool = False
    environment: str = ""
    python: str = ""
    link: str = ""


class Outcome(NamedTuple):
    """The end of a request.

    ``executable``, ``version`` and ``source`` are "" where nothing served;
    ``changed`` says whether anything was written; ``locked`` is the date of the
    lock that gave the version, "" for what we did not make and for a mirror's newest;
    ``unlocked`` says that a mirror's newest was taken; ``environment`` is the
    path of the environment, "" for what lies elsewhere; ``python`` the interpreter;
    ``link`` the global link that was made, or "".
    """

    tool: str
    executable: str
    version: str
    source: str
    changed: bool
    locked: str
    unlocked: bool
    environment: str
    python: str
    seconds: float
    attempts: List[Attempt]
    link: str = ""

    @classmethod
    def unready(cls, tool):
        """Return the outcome of a request for a tool that made no sense: nothing was tried."""
        return cls(tool, "", "", "", False, "", False, "", "", 0.0, [])

    def as_dict(self):
        """Return plain data, the same for JSON and for Ansible."""
        data = dict(self._asdict())
        data["seconds"] = round(self.seconds, 3)
        data["attempts"] = [
            dict(attempt._asdict(), seconds=round(attempt.seconds, 3)) for attempt in self.attempts
        ]
        return data

    def as_json(self):
        """Return the outcome as one JSON document."""
        return json.dumps(self.as_dict(), indent=2, sort_keys=True)
