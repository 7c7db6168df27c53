"""Version specifiers (PEP 440), by the ``packaging`` that some pip carries.

The standard library knows nothing of PEP 440 and a parser of our own would be
wrong somewhere; every pip since 10 brings the real one along.
"""

import importlib
import re
import sys
import warnings

from .errors import Error, UsageError

# What may follow a name in a requirement: no options, no URLs, no second line.
_CLAUSE = r" *(?:===?|[~!<>]=|[<>]) *[A-Za-z0-9][A-Za-z0-9.*+!_-]* *"
# Texts that ``re`` compiles when they are needed: to find what has a receipt takes neither.
_SPECIFIER = "{0}(?:,{0})*".format(_CLAUSE)
_VERSION = r"\b\d+(?:\.\d+)+(?:[a-z0-9.+!-]*[a-z0-9])?"


def check_specifier(specifier):
    """Refuse what must not reach a requirement file or a command line.

    :param str specifier: as in ``>=4,<5``; "" for any version.
    :raises UsageError: where it is no specifier at a glance.
    """
    if specifier and not re.fullmatch(_SPECIFIER, specifier):
        raise UsageError(
            "{!r} is not a version specifier (PEP 440)".format(specifier),
            "write it as in '==4.23.2', '<4' or '>=4,<5'",
        )


def version_in(text):
    """Return the first version in what a program printed, or ""."""
    match = re.search(_VERSION, text)
    return match.group() if match else ""


class Versions:
    """Compares versions, by the first ``packaging`` that can be had.

    :param places: callable that gives pip wheels, or folders that pip can be
        imported from, most trusted first; called when the first comparison is due.
    """

    def __init__(self, places):
        self._places = places
        self._specifiers = None

    def satisfies(self, version, specifier):
        """Say whether a version satisfies a specifier.

        What is installed counts even if it is a pre-release, as pip sees it.

        :param str version: a version, or "" where it is not known.
        :param str specifier: a specifier; "" is satisfied by all.
        :rtype: bool
        :raises UsageError: where the specifier is none.
        :raises Error: where no ``packaging`` is at hand.
        """
        if not specifier:
            return True
        module = self._load()
        try:
            wanted = [module.Specifier(clause) for clause in specifier.split(",")]
        except module.InvalidSpecifier as error:
            raise UsageError("{!r} is not a version specifier (PEP 440)".format(specifier)) from error
        try:
            # Only the strict classes: before pip 24, SpecifierSet had an order for what is no version, too.
            found = module.Version(version)
        except ValueError:  # packaging's InvalidVersion is one
            return False
        return all(clause.contains(found, prereleases=True) for clause in wanted)

    def _load(self):
        if self._specifiers is None:
            for place in self._places():
                self._specifiers = _specifiers_from(place)
                if self._specifiers is not None:
                    break
            else:
                raise Error(
                    "a version was asked for, but no pip is at hand whose packaging could compare versions",
                    "ask without --version, or give a precache",
                )
        return self._specifiers


def _specifiers_from(place):
    """Import pip's ``packaging.specifiers`` from one place; None where that fails."""
    before, path = set(sys.modules), list(sys.path)
    # A folder may hold much else, which must not shadow the standard library.
    sys.path.insert(0 if place.endswith(".whl") else len(sys.path), place)
    try:
        importlib.invalidate_caches()
        with warnings.catch_warnings():
            # A setuptools beside it may complain of what else was imported before.
            warnings.simplefilter("ignore")
            return importlib.import_module("pip._vendor.packaging.specifiers")
    except Exception:  # noqa: BLE001 - a damaged or foreign pip: the next place is asked
        for name in set(sys.modules) - before:
            if name == "pip" or name.startswith("pip."):
                del sys.modules[name]
        return None
    finally:
        sys.path[:] = path
