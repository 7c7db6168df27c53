"""Sphinx's configuration; ``tox -e docs`` builds with it."""

import logging
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "doc" / "ext"))


def _has_history():
    """Say whether reno can read the release notes: it dies where a clone is shallow, or no clone at all."""
    argv = ["git", "-C", str(ROOT), "rev-parse", "--is-shallow-repository"]
    try:
        return subprocess.run(argv, capture_output=True, text=True).stdout.strip() == "false"
    except OSError:
        return False


project = "testnode-python"
author = "The engineers of testnode-python"
copyright = "The engineers of testnode-python, licence Apache-2.0"

extensions = ["zuul_sphinx", "testnode_python_docs"]
extensions += ["reno.sphinxext"] if _has_history() else ["without_history"]
# It tells of every note and commit.
logging.getLogger("reno").setLevel(logging.WARNING)

exclude_patterns = ["examples"]
nitpicky = True
# Most literal blocks are what a terminal shows.
highlight_language = "none"
smartquotes = False

html_theme = "furo"
html_title = project
html_static_path = ["_static"]
html_css_files = ["testnode-python.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": True}
