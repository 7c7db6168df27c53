"""What there is to see of a precache."""

import os

from testnode_python.builder import show

from .cases import TARGET, UPLOADED, BuilderTest


class ShowTest(BuilderTest):
    """Of a built precache."""

    def setUp(self):
        super().setUp()
        self.write_locks(self.entered(self.site()).base_url)
        self.built = self.build()
        self.shown = show.show(self.output)

    def test_it_has_versions_reasons_sizes_and_the_date(self):
        self.assertEqual({TARGET: "1.0", "cp36-linux_x86_64": "1.0"}, self.shown.versions["hello"])
        self.assertEqual("no release for this Python", self.shown.reasons["old"][TARGET])
        self.assertEqual(
            (UPLOADED, [], self.built.folder), (self.shown.locked, self.shown.get_pip, self.shown.folder)
        )
        self.assertEqual((self.built.files, self.built.bytes), (self.shown.files, self.shown.bytes))

    def test_a_wheel_that_tools_share_is_weighed_once(self):
        self.tools["pip"].append(self.tools["hello"][1])
        self.write_locks(self.entered(self.site()).base_url)
        self.build()
        weight = sum(os.path.getsize(os.path.join(self.wheels, name)) for name in os.listdir(self.wheels))
        self.assertEqual(dict.fromkeys(self.toolset.targets, weight), show.show(self.output).sizes)

    def test_a_missing_file_weighs_nothing(self):
        for name in os.listdir(os.path.join(self.built.folder, "wheels")):
            os.unlink(os.path.join(self.built.folder, "wheels", name))
        self.assertEqual({0}, set(show.show(self.output).sizes.values()))

    def test_the_text_is_a_table_in_the_order_of_pythons(self):
        lines = show.text_of(self.shown).splitlines()
        self.assertIn("locked   " + UPLOADED, lines)
        self.assertIn("get-pip  none", lines)
        table = lines[lines.index("") + 1 :]
        self.assertEqual(["target", "hello", "installer", "old", "pip", "wheels"], table[0].split())
        self.assertEqual(["cp36-linux_x86_64", "1.0", "1.0", "-", "26.0", "0.0", "MB"], table[1].split())
        self.assertTrue(table[2].startswith(TARGET))
        self.assertEqual(table[0].index("pip"), table[1].index("26.0"))
