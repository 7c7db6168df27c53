"""A package index (PEP 503) on loopback, filled from a folder of real wheels."""

import hashlib
import html
import os
import re
import zipfile

from .server import Server, file, page, redirect


class Index(Server):
    """Serves the wheels of a folder while it is entered; wheels may come and go meanwhile.

    :param str folder: the folder of wheels.
    :param missing: what a partial index lacks though it should be there: names
        of projects (their page is 404) and of files (listed, but 404).
    :param options: as of :class:`tests.support.server.Server`.
    """

    def __init__(self, folder, *, missing=(), **options):
        super().__init__(**options)
        self.folder = str(folder)
        self.missing = frozenset(missing)

    @property
    def url(self):
        """The URL that pip is given as its index, without credentials."""
        return self.base_url + "/simple/"

    @property
    def authenticated_url(self):
        """The same with user and password in it."""
        return self.with_credentials(self.url)

    def answer(self, path):
        """Return a page of the index, a wheel, or 404."""
        if path.startswith("/files/"):
            return self._file(path[len("/files/") :])
        if path == "/simple/":
            return _links((name, "/simple/{}/".format(name), "") for name in sorted(self._projects()))
        match = re.match(r"^/simple/([A-Za-z0-9._-]+)(/?)$", path)
        if match is None:
            return super().answer(path)
        name = _normalized(match.group(1))
        if name != match.group(1) or not match.group(2):
            return redirect("/simple/{}/".format(name))
        wheels = self._projects().get(name)
        if not wheels or name in self.missing:
            return super().answer(path)
        return _links(self._link(wheel) for wheel in wheels)

    def _projects(self):
        projects = {}
        for name in sorted(os.listdir(self.folder)):
            if name.endswith(".whl"):
                projects.setdefault(_normalized(name.split("-")[0]), []).append(name)
        return projects

    def _file(self, name):
        if name in self.missing or name not in os.listdir(self.folder):
            return page("no such file", 404)
        return file(self._content(name))

    def _link(self, wheel):
        content = self._content(wheel)
        requires_python = _requires_python(os.path.join(self.folder, wheel))
        attribute = (
            ' data-requires-python="{}"'.format(html.escape(requires_python)) if requires_python else ""
        )
        return wheel, "/files/{}#sha256={}".format(wheel, hashlib.sha256(content).hexdigest()), attribute

    def _content(self, name):
        with open(os.path.join(self.folder, name), "rb") as wheel:
            return wheel.read()


def _links(links):
    anchors = ['<a href="{}"{}>{}</a><br>'.format(href, attribute, text) for text, href, attribute in links]
    return page("<!DOCTYPE html>\n<html><body>\n{}\n</body></html>\n".format("\n".join(anchors)))


def _requires_python(path):
    with zipfile.ZipFile(path) as wheel:
        metadata = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        headers = wheel.read(metadata).decode().split("\n\n")[0]
    match = re.search(r"^Requires-Python:\s*(.+?)\s*$", headers, re.MULTILINE)
    return match.group(1) if match else ""


def _normalized(name):
    return re.sub(r"[-_.]+", "-", name).lower()
