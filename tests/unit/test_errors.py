"""Errors are sentences with a cause and a cure."""

import unittest

from testnode_python import errors


class ErrorTest(unittest.TestCase):
    """What people read, and what callers ask."""

    def test_the_sentence_has_the_cause_and_then_the_cure(self):
        self.assertEqual("it is broken; mend it", str(errors.Error("it is broken", "mend it")))

    def test_a_cause_that_says_the_cure_stands_alone(self):
        self.assertEqual("it is broken", str(errors.Error("it is broken")))

    def test_every_kind_is_caught_as_the_base_and_says_its_sentence(self):
        kinds = [
            errors.UsageError("cause", "cure"),
            errors.PrecacheError("/where", "cause", "cure"),
            errors.MirrorError("https://where", "cause", "cure"),
            errors.PlaceError("/where", "cause", "cure"),
            errors.NotReadyError(None, "cause", "cure"),
        ]
        for error in kinds:
            with self.subTest(type(error).__name__):
                self.assertIsInstance(error, errors.Error)
                self.assertEqual(("cause", "cure", "cause; cure"), (error.cause, error.cure, str(error)))

    def test_the_thing_at_fault_can_be_asked_for(self):
        self.assertEqual("/where", errors.PrecacheError("/where", "cause").path)
        self.assertEqual("/where", errors.PlaceError("/where", "cause").path)
        self.assertEqual("https://where", errors.MirrorError("https://where", "cause").url)
        self.assertEqual("an outcome", errors.NotReadyError("an outcome", "cause").outcome)

    def test_a_failed_command_keeps_what_it_was_and_how_it_ended(self):
        error = errors.CommandError("it failed", ["false"], 1, "its words")
        self.assertEqual(["false"], error.argv)
        self.assertEqual((1, "its words"), (error.returncode, error.output))
        self.assertEqual("it failed", str(error))

    def test_a_command_that_did_not_end_has_no_exit_code(self):
        self.assertIsNone(errors.CommandError("it hung", ["yes"]).returncode)
