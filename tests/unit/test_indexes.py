"""What an index lists, and files fetched from it; nothing of it is believed."""

import hashlib
import os
import unittest
from urllib.parse import quote

from testnode_python import indexes
from testnode_python.commands import Deadline
from testnode_python.configuration import Mirror
from testnode_python.errors import MirrorError
from testnode_python.indexes import Link

from tests.support.index import Index
from tests.support.nodes import InAFolder
from tests.support.server import Server, Site, file, page
from tests.support.wheels import make_tool

WHEEL = "hello-1.0-py3-none-any.whl"
# More digits than Python turns into a number.
HUGE = '<a href="&#{};">x</a>'.format("9" * 5000)


def mirror_of(url, **settings):
    """Return a mirror with this index."""
    settings = {name.replace("_", "-"): value for name, value in settings.items()}
    return Mirror("the mirror", dict({"index-url": url}, **settings))


class Pages(Server):
    """One text for every page."""

    def __init__(self, text, **options):
        super().__init__(**options)
        self.text = text

    def answer(self, path):
        return page(self.text)


class IndexesTest(InAFolder):
    """Looks for ``hello``, without any variables."""

    def links(self, mirror, project="hello"):
        """Return what a mirror has."""
        return indexes.links(mirror, project, Deadline(10), {"HOME": self.folder})

    def download(self, link, mirror=None):
        """Fetch a file into ``got``."""
        folder = os.path.join(self.folder, "got")
        os.makedirs(folder, exist_ok=True)
        return indexes.download(
            link, folder, mirror or mirror_of("https://x/"), Deadline(10), {"HOME": self.folder}
        )

    def enter(self, server):
        """Start a server until the test's end."""
        server.__enter__()
        self.addCleanup(server.__exit__)
        return server

    def page(self, text):
        """Return what is read off a page of this text."""
        return self.links(mirror_of(self.enter(Pages(text)).base_url))


class LinksTest(IndexesTest):
    """Reading what a mirror lists."""

    def test_files_come_with_url_hash_and_the_pythons_that_they_are_for(self):
        wheel = make_tool(self.folder, "hello", "1.0", requires_python=">=3.6")
        index = self.enter(Index(self.folder))
        with open(wheel, "rb") as content:
            digest = hashlib.sha256(content.read()).hexdigest()
        expected = Link(WHEEL, "{}/files/{}".format(index.base_url, WHEEL), digest, ">=3.6")
        self.assertEqual([expected], self.links(mirror_of(index.url)))
        self.assertEqual(["/simple/hello/"], index.paths())

    def test_a_redirect_is_followed_and_links_are_relative_to_where_it_leads(self):
        make_tool(self.folder, "hello-you", "1.0")
        index = self.enter(Index(self.folder))
        (link,) = self.links(mirror_of(index.url), "Hello_You")
        self.assertEqual(index.base_url + "/files/hello_you-1.0-py3-none-any.whl", link.url)
        text = '<base href="https://files.example.org/a/"><a href="../b/{}">x</a>'.format(WHEEL)
        self.assertEqual("https://files.example.org/b/" + WHEEL, self.page(text)[0].url)

    def test_the_first_place_that_has_any_is_taken_extra_indexes_and_find_links_included(self):
        make_tool(self.folder, "hello", "1.0")
        empty = self.enter(Site({}))
        index = self.enter(Index(self.folder))
        for settings in (
            {"extra_index_url": index.url},
            {"find_links": self.folder},
            {"find_links": "file://" + self.folder},
            {"find_links": "{}/simple/hello/".format(index.base_url)},
        ):
            with self.subTest(settings=settings):
                self.assertEqual(
                    [WHEEL], [link.file for link in self.links(mirror_of(empty.base_url, **settings))]
                )

    def test_where_no_place_has_any_each_reason_is_told(self):
        make_tool(self.folder, "other", "1.0")
        index = self.enter(Index(self.folder))
        with self.assertRaises(MirrorError) as raised:
            self.links(mirror_of(index.url, find_links=self.folder + " /nowhere/wheels"))
        self.assertEqual("the mirror", raised.exception.url)
        self.assertEqual(
            [
                "{}hello/ answers 404 Not Found".format(index.url),
                "{} lists no file of hello".format(self.folder),
                "/nowhere/wheels cannot be read: No such file or directory",
            ],
            str(raised.exception).split("; "),
        )

    def test_yanked_files_and_those_of_other_projects_do_not_count(self):
        text = (
            '<a href="hello-1.0.tar.gz">x</a> <a href="hello-2.0.tar.gz" data-yanked="">x</a>'
            '<a href="hello-you-1.0.tar.gz">x</a> <a>x</a> <a href="">x</a>'
        )
        self.assertEqual(["hello-1.0.tar.gz"], [link.file for link in self.page(text)])

    def test_only_a_whole_sha256_counts_as_a_hash(self):
        digest = "0" * 64
        text = "".join(
            '<a href="hello-1.0.zip#{}">x</a>'.format(fragment)
            for fragment in (
                "sha256=" + digest,
                "sha256=00",
                "md5=" + digest,
                "sha256=" + digest.replace("0", "A"),
            )
        )
        self.assertEqual([digest, "", "", ""], [link.sha256 for link in self.page(text)])

    def test_links_that_are_no_urls_are_passed_over(self):
        text = '<a href="http://[x/hello-1.0.zip">x</a><a href="hello-2.0.zip">x</a><base href="http://[y">'
        self.assertEqual(["hello-2.0.zip"], [link.file for link in self.page(text)])

    def test_what_is_no_html_is_a_reason_and_no_crash(self):
        for text in ("<![x[ a ]]>", '<a href="hello-1.0.zip">x</a><![x[ a ]]>', "\0\xff" * 10, "{}", HUGE):
            with self.subTest(text), self.assertRaises(MirrorError):
                self.page(text)

    def test_a_local_index_is_read_from_its_folders_and_pages(self):
        self.write("simple/hello/index.html", '<a href="../../my%20files/{}">x</a>'.format(WHEEL))
        self.write("my files/" + WHEEL, b"content")
        for url in (self.folder + "/simple", "file://" + self.folder + "/simple/"):
            (link,) = self.links(mirror_of(url))
            self.assertEqual(WHEEL, link.file)
            with open(self.download(link), "rb") as got:
                self.assertEqual(b"content", got.read())
        (link,) = self.links(mirror_of("/nowhere", find_links=self.folder + "/simple/hello/index.html"))
        self.assertEqual(WHEEL, link.file)

    def test_folders_may_have_any_name(self):
        folder = os.path.join(self.folder, "50% #1? caf\u00e9")
        self.write(os.path.join(folder, WHEEL), b"content")
        self.write(os.path.join(folder, "hello-2.0%2B1.zip"), b"two")
        found = self.links(mirror_of("/nowhere", find_links="file://" + quote(folder)))
        self.assertEqual([WHEEL, "hello-2.0%2B1.zip"], [link.file for link in found])
        for link, content in zip(found, (b"content", b"two")):
            with open(self.download(link), "rb") as got:
                self.assertEqual(content, got.read())

    @unittest.skipIf(os.geteuid() == 0, "root may read everything")
    def test_a_folder_that_may_not_be_read_is_a_reason(self):
        os.chmod(self.folder, 0o300)
        self.addCleanup(os.chmod, self.folder, 0o700)
        with self.assertRaisesRegex(MirrorError, "{} cannot be read: Permission denied".format(self.folder)):
            self.links(mirror_of("/nowhere", find_links=self.folder))

    def test_an_index_that_is_no_url_is_a_reason_that_shows_no_password(self):
        for url in (
            "https://alice:hun/ter22@index.example.org/simple",
            "http://alice:hunter22@[::1/simple",
            "http://alice:hunter22@index.example.org:0/simple",
        ):
            with self.assertRaisesRegex(MirrorError, "is not a URL") as raised:
                self.links(mirror_of(url))
            self.assertNotIn("alice", str(raised.exception))
            self.assertNotIn("ter22", str(raised.exception))


class DownloadTest(IndexesTest):
    """Fetching one file."""

    def setUp(self):
        super().setUp()
        self.content = b"content of a wheel"
        self.sha256 = hashlib.sha256(self.content).hexdigest()

    def link(self, url, sha256=None):
        """Return a link to the wheel."""
        return Link(WHEEL, url, self.sha256 if sha256 is None else sha256, "")

    def test_a_file_with_the_promised_hash_is_kept_under_its_name(self):
        site = self.enter(Site({"/" + WHEEL: self.content}))
        path = self.download(self.link(site.base_url + "/" + WHEEL))
        self.assertEqual(os.path.join(self.folder, "got", WHEEL), path)
        with open(path, "rb") as got:
            self.assertEqual(self.content, got.read())

    def test_a_file_with_one_byte_changed_is_refused_and_not_kept(self):
        site = self.enter(Site({"/" + WHEEL: self.content}, fault="altered"))
        url = site.base_url + "/" + WHEEL
        with self.assertRaisesRegex(MirrorError, "its hash differs"):
            self.download(self.link(url))
        self.assertEqual([], os.listdir(os.path.join(self.folder, "got")))
        # Without a promise there is nothing to hold it to: TLS, or who named the place, vouches.
        self.assertTrue(os.path.exists(self.download(self.link(url, sha256=""))))

    def test_it_is_never_written_outside_of_the_folder(self):
        site = self.enter(Site({"/evil": self.content}))
        link = Link("../evil", site.base_url + "/evil", "", "")
        self.assertEqual(os.path.join(self.folder, "got", "evil"), self.download(link))
        self.assertFalse(os.path.exists(os.path.join(self.folder, "evil")))

    def test_a_local_file_that_is_not_there_is_a_reason(self):
        for path in ("/nowhere/" + WHEEL, "/no%00where/" + WHEEL):
            with self.assertRaisesRegex(MirrorError, "cannot be read"):
                self.download(self.link("file://" + path))

    def test_no_reason_shows_who_asks(self):
        site = self.enter(Site({"/" + WHEEL: self.content}, user="alice", password="hunter22"))
        url = site.with_credentials("{}/{}?key=hunter23".format(site.base_url, WHEEL))
        for link in (self.link(url, sha256="0" * 64), self.link(url.replace(WHEEL, "gone"))):
            with self.assertRaises(MirrorError) as raised:
                self.download(link)
            told = str(raised.exception) + raised.exception.url
            for secret in ("alice", "hunter22", "hunter23", "key="):
                self.assertNotIn(secret, told)

    def test_files_are_taken_as_they_are_however_they_are_served(self):
        class Plain(Server):
            def answer(self, path):
                return file(self.content)

        plain = Plain()
        plain.content = self.content
        self.enter(plain)
        self.download(self.link(plain.base_url + "/anything?x=1#fragment"))
