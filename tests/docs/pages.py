"""The built pages, as a reader has them."""

import functools
import pathlib
from urllib.parse import unquote, urldefrag, urlsplit

from bs4 import BeautifulSoup

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = ROOT / "doc" / "source"
BUILT = ROOT / "doc" / "build" / "html"
# Sphinx's own, to which no page leads.
EXTRA = {"genindex.html", "search.html"}


class Page:
    """A built page.

    :param pathlib.Path path: its file.
    """

    def __init__(self, path):
        self.path = path
        self.name = path.relative_to(BUILT).as_posix()
        self.soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        self.ids = {element["id"] for element in self.soup.find_all(id=True)}

    @property
    def article(self):
        """What the page says, without what is around it."""
        return self.soup.find("article") or self.soup

    def at(self, anchor):
        """Return the element that an anchor leads to, or the section around a bare anchor.

        :param str anchor: its id.
        :rtype: bs4.Tag or None
        """
        element = self.soup.find(id=anchor)
        return element.find_parent("section") if element is not None and element.name == "span" else element

    def terms(self):
        """Return the names that the page's definition lists explain.

        :rtype: list(str)
        """
        names = (term.find(class_="descname") or term for term in self.article.find_all("dt"))
        return [name.get_text().split(" (")[0].strip() for name in names]

    def blocks(self):
        """Return the texts of the page's blocks of code."""
        return [block.get_text() for block in self.article.find_all("pre")]

    def targets(self):
        """Return what the page links to on this site.

        :returns: pairs of a file (pathlib.Path) and an anchor, "" for none.
        :rtype: list
        """
        found = []
        for element in self.soup.find_all(["a", "link", "img", "script"]):
            address, anchor = urldefrag(element.get("href") or element.get("src") or "")
            parts = urlsplit(address)
            if parts.scheme or parts.netloc or not (address or anchor):
                continue
            file = (self.path.parent / unquote(parts.path)).resolve() if parts.path else self.path
            found.append((file, unquote(anchor)))
        return found


@functools.lru_cache(maxsize=None)
def pages():
    """Return the built pages by their names.

    :rtype: dict(str, Page)
    """
    assert (BUILT / "index.html").is_file(), "build them first: tox -e docs"
    return {page.name: page for page in map(Page, sorted(BUILT.rglob("*.html")))}


def page(name):
    """Return one of them."""
    return pages()[name + ".html"]
