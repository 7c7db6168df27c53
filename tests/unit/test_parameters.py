"""The parameters of a module that does without AnsibleModule."""

import itertools
import unittest

from testnode_python import parameters
from testnode_python.errors import UsageError

try:
    from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
except ImportError:
    ArgumentSpecValidator = None

SPEC = {
    "word": {"type": "str", "default": ""},
    "one": {"type": "str", "choices": ["a", "b"], "default": "a"},
    "truth": {"type": "bool", "default": False},
    "number": {"type": "float", "default": 300},
    "words": {"type": "list", "elements": "str", "default": ["x"]},
    "some": {"type": "list", "elements": "str", "choices": ["a", "b"], "default": ["a", "b"]},
    "things": {"type": "list", "elements": "raw", "default": []},
}
VALUES = [
    *("", "a", "b", "a,b", " a", "a,c", "c", "\u00e9", "None", "[]"),
    *("1.5", " 2 ", "-1e3", "1,5", "nine"),
    *("true", "True", " YES ", "on", "y", "t", "1", "false", "No", "off", "n", "f", "0", "2", "maybe"),
    *(True, False, 0, 1, 2, -1, 0.0, 1.0, 1.5, 1e300, 1.0000001),
    *([], ["a"], ["b", "a"], ["c"], [1, 2.5, True], [["a"]], [{"name": "x"}]),
    *({}, {"name": "x"}),
]


class ReadTest(unittest.TestCase):
    """Types, defaults and choices."""

    def refusal_of(self, given, spec):
        with self.assertRaises(UsageError) as caught:
            parameters.read(given, spec)
        return str(caught.exception)

    def refusal(self, **given):
        return self.refusal_of(given, SPEC)

    def test_what_is_not_given_is_the_default(self):
        self.assertEqual({name: each["default"] for name, each in SPEC.items()}, parameters.read({}, SPEC))

    def test_what_a_template_gives_is_read_as_its_type(self):
        given = {
            "word": 3.9,
            "one": "b",
            "truth": "True",
            "number": "7.5",
            "words": "x,y",
            "some": ["b"],
            "things": [{"n": 1}],
        }
        self.assertEqual(
            dict(given, word="3.9", truth=True, number=7.5, words=["x", "y"]), parameters.read(given, SPEC)
        )

    def test_nothing_is_an_empty_text(self):
        read = parameters.read({"word": None, "words": ["a", None]}, SPEC)
        self.assertEqual(("", ["a", ""]), (read["word"], read["words"]))

    def test_what_is_not_known_is_refused_with_what_is(self):
        self.assertEqual(
            "there is no parameter else, what; choose from number, one, some, things, truth, word, words",
            self.refusal(what=1, **{"else": 2}),
        )

    def test_another_type_is_refused(self):
        self.assertEqual("truth is neither true nor false: 'maybe'", self.refusal(truth="maybe"))
        self.assertEqual("number is no number: 'x'", self.refusal(number="x"))
        self.assertEqual("words is no list: {}", self.refusal(words={}))
        self.assertEqual("things is no list: None", self.refusal(things=None))

    def test_what_is_no_choice_is_refused_with_the_choices(self):
        self.assertEqual("'c' in one is no choice; choose from a, b", self.refusal(one="c"))
        self.assertEqual(
            "'c', 'd' in some is no choice; choose from a, b", self.refusal(some=["c", "a", "d"])
        )

    def test_what_must_be_given_is_missed(self):
        spec = {name: {"type": "str", "required": True} for name in ("b", "a", "c")}
        with self.assertRaises(UsageError) as caught:
            parameters.read({"c": ""}, spec)
        self.assertEqual("a, b must be given", str(caught.exception))

    def test_secrets_are_not_shown(self):
        spec = dict(
            SPEC,
            url={"type": "str", "default": "", "no_log": True},
            urls={"type": "list", "elements": "str", "default": [], "no_log": True},
        )
        url = "https://me:secret@host/simple?token=word"
        params = parameters.read({"url": url, "urls": [url, "https://host/"], "word": url}, spec)
        self.assertEqual((url, [url, "https://host/"]), (params["url"], params["urls"]))
        shown = parameters.shown(params, spec)
        self.assertEqual(
            ("https://host/simple", ["https://host/simple", "https://host/"]), (shown["url"], shown["urls"])
        )
        self.assertEqual(dict(params, url="", urls=[]), dict(shown, url="", urls=[]))
        for given in (
            {"urls": {url: ""}},
            {"urls": [{"password": "secret"}]},
            {"url": {"password": "secret"}},
        ):
            self.assertRegex(self.refusal_of(given, spec), "^urls? is no (list|URL)$")
        for given in ({"truth": url}, {"some": [url]}, {"one": url}, {"number": url}):
            self.assertIn("https://host/simple", self.refusal_of(given, spec))
            self.assertNotRegex(self.refusal_of(given, spec), "me:|secret|word$|token")


@unittest.skipUnless(ArgumentSpecValidator, "there is no ansible here")
class AsAnsibleTest(unittest.TestCase):
    """Beside Ansible's own, but for None, which its releases read differently."""

    def ours(self, given):
        try:
            return parameters.read(given, SPEC)
        except UsageError:
            return None

    def theirs(self, given):
        result = ArgumentSpecValidator(SPEC).validate(given)
        return None if result.error_messages else result.validated_parameters

    def test_each_value_is_read_or_refused_as_ansible_does(self):
        refused = 0
        for name, value in itertools.product(SPEC, VALUES):
            with self.subTest(name=name, value=value):
                theirs = self.theirs({name: value})
                self.assertEqual(theirs, self.ours({name: value}))
                refused += theirs is None
        self.assertIsNone(self.theirs({"what": "a"}))
        self.assertIsNone(self.ours({"what": "a"}))
        self.assertLess(0, refused)
        self.assertLess(refused, len(SPEC) * len(VALUES))
