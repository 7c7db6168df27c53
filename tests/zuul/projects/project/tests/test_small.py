import unittest

import small


class TwiceTest(unittest.TestCase):
    def test_twice(self):
        self.assertEqual(4, small.twice(2))
