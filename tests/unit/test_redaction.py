"""Secrets of URLs do not get out."""

import unittest

from testnode_python.redaction import redact, secrets_of


class RedactTest(unittest.TestCase):
    """What a message loses, and what it keeps."""

    def test_user_name_and_password_go_from_urls(self):
        for text, expected in (
            ("https://user:secret@host/simple", "https://host/simple"),
            ("https://token@host/simple", "https://host/simple"),
            ("https://user:@host/simple", "https://host/simple"),
            ("git+ssh://user:secret@host/x", "git+ssh://host/x"),
            ("HTTPS://user:secret@host", "HTTPS://host"),
            ("http://user:with@at@host/simple", "http://host/simple"),
            ("http://user:what?now#here@host/simple", "http://host/simple"),
            ("http://user:o'neill@host/simple", "http://host/simple"),
            ('http://user:a"b@host/simple', "http://host/simple"),
            ("http://user:a<b>c@host/simple", "http://host/simple"),
            ("http://u%40x:p%2Fq@host:8080/simple", "http://host:8080/simple"),
        ):
            with self.subTest(text):
                self.assertEqual(expected, redact(text))

    def test_query_strings_go_from_urls(self):
        for text, expected in (
            ("https://host/simple?token=secret", "https://host/simple"),
            ("https://host?token=secret&x=y", "https://host"),
            ("https://u:p@host/a.whl?sig=secret#sha256=abc", "https://host/a.whl#sha256=abc"),
        ):
            with self.subTest(text):
                self.assertEqual(expected, redact(text))

    def test_every_url_of_a_text_is_cleaned_and_the_words_around_stay(self):
        self.assertEqual(
            "looked at 'https://one/x', then \"http://two/y\" (why? no idea)\nme@example.org",
            redact(
                "looked at 'https://a:b@one/x?q=1', then \"http://c:d@two/y?q\" (why? no idea)\n"
                "me@example.org"
            ),
        )

    def test_an_at_sign_in_the_path_of_a_url_stays(self):
        self.assertEqual("https://host/project@1.0/x", redact("https://host/project@1.0/x"))

    def test_further_secrets_are_replaced_wherever_they_stand(self):
        text = redact("neither hunter2 nor hunter3 is right", {"hunter2", "hunter3"})
        self.assertEqual("neither *** nor *** is right", text)

    def test_a_secret_within_a_longer_one_leaves_nothing_of_it(self):
        self.assertEqual("***", redact("secret-more", ["secret", "secret-more"]))


class SecretsOfTest(unittest.TestCase):
    """What could turn up outside of the URL it came with."""

    def test_a_password_as_written_and_decoded(self):
        self.assertEqual({"p%40ss", "p@ss", "dXNlcjpwQHNz"}, secrets_of("https://user:p%40ss@host/simple"))

    def test_a_query_string_and_the_values_in_it(self):
        self.assertEqual(
            {"token=a%2Fbc&v=1", "token=a/bc&v=1", "a%2Fbc", "a/bc"},
            secrets_of("https://host/simple?token=a%2Fbc&v=1"),
        )

    def test_a_user_name_without_a_password_is_a_token(self):
        self.assertEqual({"t0ken", "dDBrZW46"}, secrets_of("https://t0ken@host/simple"))

    def test_a_user_name_beside_a_password_is_an_ordinary_word(self):
        self.assertNotIn("root", secrets_of("https://root:secret@host/simple"))

    def test_a_proxy_without_a_scheme_has_its_password_found(self):
        self.assertEqual({"secret", "dXNlcjpzZWNyZXQ="}, secrets_of("user:secret@proxy:3128"))

    def test_what_is_too_short_to_be_told_from_words_is_left_out(self):
        self.assertEqual({"dXNlcjphYg=="}, secrets_of("https://user:ab@host/?v"))

    def test_what_has_no_secret_gives_none(self):
        for url in ("", "https://host/simple", "/opt/wheels", "host:3128", "https://user@[bad/"):
            with self.subTest(url):
                self.assertEqual(set(), secrets_of(url))
