"""What the pages quote is what the programs take and print."""

import ast
import contextlib
import functools
import io
import re
import shlex

from testnode_python.errors import UsageError

from tests.docs import declared
from tests.docs.pages import ROOT, SOURCE, page, pages

LIBRARY = ROOT / "library"
_COMMAND = re.compile(r"^\s*(?:\"\$\()?(?:\./)?testnode-python (.*)$")
# A row of a table of times, not a command.
_TIMES = re.compile(r"\d\.\d\d\s+\d\.\d\d")
# A sentence that is long enough to be known again, alone and inside another.
_SENTENCE, _LONG = 8, 20
# Of the list of what no package owns.
_ROW = re.compile(r"  (?:distribution|command) +pip")
_FEW_WORDS = r"\S+(?:, \S+)*(?: \S+){0,2}"
_PREFIX = re.compile(r"^(?:(?:system|precache|mirror|packages)  +|\s+|testnode-python(?:-\w+)?: )")


def commands(text):
    """Return the words of the command lines in a block of code.

    :rtype: list(list(str))
    """
    found = []
    for line in text.replace("\\\n", " ").splitlines():
        match = _COMMAND.match(line)
        if match and not _TIMES.search(line):
            words = re.split(r"\s(?:#|&&|>|\|)(?:\s|$)|\)\"| {3,}(?=[a-z])", match.group(1))[0]
            found.append(shlex.split(words))
    return found


def shown_commands():
    """Yield where a command line is shown, and its words."""
    for name, each in pages().items():
        for block in each.blocks():
            for words in commands(block):
                yield name, words
    for name in ("README.rst", "CONTRIBUTING.rst"):
        for words in commands((ROOT / name).read_text(encoding="utf-8")):
            yield name, words


def fault(words, parsers):
    """Say why the command line does not take these words, or return ""."""
    first = " ".join(words[:1])
    if first == "--help":
        return ""
    parser = parsers[""] if first in ("ensure", "find", "run") else parsers.get(first)
    if parser is None:
        return f"there is no word {first}"
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            parser.parse_args(words if parser is parsers[""] else words[1:])
        except SystemExit as end:  # --help
            return "" if end.code == 0 else said.getvalue()
        except UsageError as error:
            return str(error)
    return ""


def test_commands_parse(monkeypatch):
    parsers = declared.parsers(monkeypatch)
    shown = list(shown_commands())
    assert len(shown) > 40
    assert [(where, words, fault(words, parsers)) for where, words in shown if fault(words, parsers)] == []


def test_commands_in_sentences_have_words_and_options_that_are_there(monkeypatch):
    parsers = declared.parsers(monkeypatch)
    wrong, count = [], 0
    for name, each in pages().items():
        for code in each.article.find_all("code"):
            words = code.get_text().split()
            if words[:1] != ["testnode-python"] or len(words) < 2:
                continue
            count += 1
            deepest = next(
                (" ".join(words[1:end]) for end in (3, 2) if " ".join(words[1:end]) in parsers), ""
            )
            options = {option for action in parsers[deepest]._actions for option in action.option_strings}
            if not deepest or {word for word in words if word.startswith("--")} - options:
                wrong.append((name, code.get_text()))
    assert wrong == [] and count > 5


@functools.lru_cache(maxsize=None)
def sentences():
    """Return what library, modules, roles and elements may print, as patterns with their count of letters."""
    found = set()
    for path in LIBRARY.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
                found.add("".join(parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.update(node.value.split("\n"))
    for path in (ROOT / "roles").glob("*/vars/*.yaml"):
        found.update(value.strip() for value in declared.load(path).values() if isinstance(value, str))
    for path in (ROOT / "elements").glob("*/*.d/*"):
        text = path.read_text(encoding="utf-8").replace("\\\n", "")
        found.update(re.sub(r"\$\{?\w+\}?", "{}", quoted) for quoted in re.findall(r'"([^"\n]+)"', text))
    known = []
    for text in found:
        literal = re.split(r"\{[^{}]*\}", text)
        letters = sum(map(len, literal))
        if letters >= _SENTENCE:
            wild = ".+?" if letters >= _LONG else _FEW_WORDS
            known.append((re.compile(wild.join(map(re.escape, literal))), letters))
    return known


def is_printed(line, known):
    """Say whether a line is one sentence, or several with semicolons between, of those that are printed."""

    def one(text):
        return any(
            pattern.fullmatch(text) or (letters >= _LONG and pattern.search(text))
            for pattern, letters in known
        )

    text = _PREFIX.sub("", line)
    text = text.partition("-> ")[2] or text
    return one(line) or one(text) or all(map(one, text.split("; ")))


def quoted_by_the_roles():
    """Return the lines that the READMEs of roles quote; those are checked by tests/unit/test_roles.py."""
    found = set()
    for role in declared.roles():
        text = (ROOT / "roles" / role / "README.rst").read_text(encoding="utf-8")
        errors = text.partition("**Errors**")[2].partition("\n**")[0]
        for block in re.findall(r"::\n\n((?:    .+\n)+)", errors):
            found |= {line.strip() for line in block.splitlines()}
    return found


def quoted_here():
    """Return the sections of the troubleshooting page, each with its heading and the lines that it quotes."""
    sections = [
        section for section in page("troubleshooting").article.find_all("section") if section.find("h3")
    ]
    found = {}
    for section in page("troubleshooting").article.find_all("section"):
        heading, block = section.find(["h1", "h2", "h3"]), section.find("pre")
        if heading.name == "h3":
            title = heading.get_text().rstrip("#¶")
            found[title] = block.get_text().splitlines() if block else []
    assert sections and found
    return found


def test_errors_are_quoted_as_they_are_printed():
    known, from_roles = sentences(), quoted_by_the_roles()
    assert not is_printed("the precache has caught a cold", known)
    blocks = [block.splitlines() for block in page("troubleshooting").blocks()]
    lines = {line for block in blocks for line in block if line.strip() and not _ROW.match(line)}
    assert len(lines) > 60
    assert [line for line in lines if line.strip() not in from_roles and not is_printed(line, known)] == []


def test_errors_are_found_by_their_first_words():
    wrong = []
    for title, lines in quoted_here().items():
        text = " ".join(" ".join(lines).split())
        pattern = ".*".join(re.escape(part.strip()) for part in title.split("...") if part.strip())
        if not re.search(pattern, text):
            wrong.append(title)
    assert wrong == []


def test_errors_of_the_roles_are_explained():
    # Of each sentence that a role's README quotes there is one of its kind.
    here = " ".join(" ".join(block.split()) for block in page("troubleshooting").blocks())
    missing = []
    for line in quoted_by_the_roles():
        if line.startswith("-> ") or " ".join(line.split()) in here:
            continue
        text = _PREFIX.sub("", line)
        patterns = [pattern for pattern, letters in sentences() if letters > 12 and pattern.search(text)]
        if not any(pattern.search(here) for pattern in patterns):
            missing.append(line)
    assert missing == []


def test_the_page_for_zuul_shows_the_files_that_its_tests_use():
    text = (SOURCE / "zuul.rst").read_text(encoding="utf-8")
    shown = {SOURCE / included for included in re.findall(r"literalinclude:: (\S+)", text)}
    there = {
        path
        for name in ("config-project", "project")
        for path in (SOURCE / "examples" / name).rglob("*.yaml")
    }
    # How a site brings sources to a node is its own.
    assert {path for path in there - shown if "bring-workspace" not in path.parts} == set()
