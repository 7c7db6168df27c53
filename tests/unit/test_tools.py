"""What a node knows of tools without a precache."""

import configparser
import pathlib
import sys
import unittest

from testnode_python import tools
from testnode_python.tools import tool_named

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


@unittest.skipIf(sys.version_info < (3, 10), "reading toolset.toml needs the image side")
class ToolsetTest(unittest.TestCase):
    """One definition in two places is held together here."""

    def test_the_table_knows_every_tool_as_the_toolset_declares_it(self):
        from testnode_python.builder import toolset

        declared = toolset.load(str(ROOT / "toolset.toml")).tools
        self.assertEqual(declared, {name: tool_named(name) for name in declared})

    def test_the_builder_is_locked_with_the_libraries_of_its_extra(self):
        setup = configparser.ConfigParser()
        setup.read(str(ROOT / "setup.cfg"))
        extra = setup["options.extras_require"]["builder"].strip().splitlines()
        self.assertEqual(sorted(extra), sorted(tools.BUILDER_LIBRARIES))
