"""The image side needs Python 3.10 and libraries that older ones do not get."""

import sys
import unittest

if sys.version_info < (3, 10):  # noqa: UP036
    raise unittest.SkipTest("the image side needs Python 3.10")
