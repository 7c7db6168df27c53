"""For pytest what tests/unit/builder/__init__.py says to unittest: the image side needs Python 3.10."""

import sys

collect_ignore = ["builder"] if sys.version_info < (3, 10) else []
