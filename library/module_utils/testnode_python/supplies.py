"""A node with all that it can be supplied from: its precache, its mirrors, a place for an environment."""

import os
import sys

from . import configuration, environments, precache
from .errors import PrecacheError
from .request import Node
from .tools import PIP


class SuppliedNode(Node):
    """What is known of the node, and of where tools can come from; arguments and errors as of ``Node``."""

    def __init__(self, request, environ):
        super().__init__(request, environ)
        self._precache = None
        self._settings = None

    @property
    def precache(self):
        """The precache (``precache.Precache``); raises PrecacheError where there is none."""
        if self._precache is None:
            try:
                self._precache = precache.open_precache(self.request.precache)
            except PrecacheError as error:
                self._precache = error
        if isinstance(self._precache, PrecacheError):
            raise self._precache
        return self._precache

    @property
    def declared(self):
        """The tool as the precache's toolset declares it, else as it is known here."""
        try:
            declared = self.precache.manifest.tools.get(self.tool.name, self.tool)
        except PrecacheError:
            declared = self.tool
        return declared._replace(command=self.request.command) if self.request.command else declared

    @property
    def place(self):
        """Where the tool's own environment is (``environments.Place``)."""
        return environments.place_for(self.own_path, self.home)

    def mirrors(self):
        """Return the mirrors to try (``configuration.mirrors``)."""
        if self._settings is None:
            self._settings = configuration.read(self.environ, self.interpreter.prefix)
        return configuration.mirrors(self.request.mirrors, self._settings)

    def secrets(self):
        """Return what must not be seen in any message, that of pip's configuration included."""
        secrets = super().secrets()
        if self._settings is not None:
            values = {name: each.value for name, each in self._settings.items()}
            secrets |= configuration.Mirror("", values).secrets
        return secrets

    def lock_for(self, name):
        """Return the precache's lock of a tool for the interpreter, or None.

        :rtype: Locked
        """
        if self.request.lock is not None and name == self.tool.name:
            return self.request.lock
        try:
            return self.precache.locked(name, self.platform)
        except PrecacheError:
            return None

    def lock_date(self):
        """Return the date of the precache's lock, or "" where the caller brought the lock."""
        return "" if self.request.lock is not None else self.precache.manifest.locked

    def _places_of_pip(self):
        for wheel in self._locked_pips():
            try:
                yield self.precache.checked(os.path.join("wheels", wheel.file), wheel.sha256)
            except PrecacheError:
                continue
        yield from super()._places_of_pip()

    def _locked_pips(self):
        """Return the precache's pip wheels, those for the Python that runs us first."""
        try:
            targets = list(self.precache.manifest.targets.values())
        except PrecacheError:
            return []
        targets.sort(key=lambda target: target.python != sys.version_info[:2])
        locks = [target.tools[PIP] for target in targets if PIP in target.tools]
        wheels = [wheel for lock in locks for wheel in lock.wheels]
        return sorted({wheel for wheel in wheels if wheel.name == PIP}, key=wheels.index)
