"""The release notes where reno cannot read them: without the versions, which the history of a clone has."""

import pathlib

from docutils import nodes
from docutils.parsers.rst import Directive, directives

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "releasenotes" / "notes"


class ReleaseNotes(Directive):
    """Takes the place of reno's directive."""

    optional_arguments = 1
    option_spec = {"branch": directives.unchanged, "unreleased-version-title": directives.unchanged}

    def run(self):
        """Return the names of the notes."""
        words = "Built without the history of a clone, these are only the names of the notes in "
        notes = nodes.bullet_list()
        for path in sorted(FOLDER.glob("*.yaml")):
            notes += nodes.list_item("", nodes.paragraph("", "", nodes.literal("", path.stem)))
        return [nodes.paragraph("", words, nodes.literal("", "releasenotes/notes"), nodes.Text(":")), notes]


def setup(app):
    """Register the directive."""
    app.add_directive("release-notes", ReleaseNotes)
    return {"parallel_read_safe": True}
