"""The pages hang together."""

from tests.docs.pages import BUILT, EXTRA, SOURCE, page, pages


def test_every_source_became_a_page():
    sources = {path.relative_to(SOURCE).with_suffix(".html").as_posix() for path in SOURCE.rglob("*.rst")}
    assert {name for name in sources if not name.startswith("examples/")} == set(pages()) - EXTRA


def test_every_page_is_reached_from_the_index():
    reached, waiting = set(), ["index.html"]
    while waiting:
        name = waiting.pop()
        if name in reached or name not in pages():
            continue
        reached.add(name)
        # What the page itself says: the sidebar leads from all to all.
        for file, _ in pages()[name].targets():
            if file.suffix == ".html" and BUILT in file.parents:
                waiting.append(file.relative_to(BUILT).as_posix())
    assert set(pages()) - reached - EXTRA == set()


def test_the_readers_pages_are_one_click_away():
    links = {link.get("href", "").partition("#")[0] for link in page("index").article.find_all("a")}
    assert {"getting-started.html", "zuul.html", "troubleshooting.html"} <= links


def test_no_link_is_dead():
    dead = []
    for name, each in pages().items():
        for file, anchor in each.targets():
            there = file.is_file() if file != each.path else True
            if there and anchor and BUILT in file.parents and file.suffix == ".html":
                there = anchor in pages()[file.relative_to(BUILT).as_posix()].ids
            if not there:
                dead.append((name, file.name, anchor))
    assert dead == []


def test_the_drawing_is_in_its_page_and_says_what_it_shows():
    drawing = page("ladder").article.find("svg")
    assert drawing["role"] == "img"
    for source in ("system", "precache", "mirror", "packages"):
        assert source in drawing.find("desc").get_text()
        assert any(source in text.get_text() for text in drawing.find_all("text"))


def test_the_chart_is_in_its_page_and_shows_every_state_of_a_node():
    (image,) = page("zuul").article.find_all("img")
    drawn = (page("zuul").path.parent / image["src"]).read_text(encoding="utf-8")
    for state in ("prepared", "precached", "bare"):
        assert state in image["alt"]
        assert f">{state} node" in drawn
    assert "ping" in image["alt"] and ">one ping<" in drawn
    assert "zuul-jobs" in image["alt"] and ">zuul-jobs<" in drawn
