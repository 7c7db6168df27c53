import unittest

import small


class TwiceTest(unittest.TestCase):
    def test_twice_is_wrong(self):
        self.assertEqual(5, small.twice(2))
