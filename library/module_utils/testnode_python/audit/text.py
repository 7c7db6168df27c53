"""The report for people: tables, and nothing that a terminal would obey."""

import re

# The trees behind our links end like this.
_TREE = re.compile("-[0-9a-f]{8}$")
# Longer ones would push all other columns away; the JSON has them whole.
_WIDEST = 160
_MOST_ROWS = 100


def printable(text):
    """Return a text on one line, with what is not printable written as in Python.

    Names come from a system that is not trusted, to a terminal that obeys escape sequences.

    :param str text: any.
    :rtype: str
    """
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape", "surrogatepass").decode()
        for character in text
    ).replace("\\udc", "\\x")


def table(headings, rows):
    """Return the lines of a table: columns aligned, indented by two.

    :param list headings: of the columns; none where the first column says what the second is.
    :param list rows: texts or numbers, as many in each.
    :rtype: list(str)
    """
    cells = [headings] * bool(headings) + [[_cell(cell) for cell in row] for row in rows[:_MOST_ROWS]]
    widths = [max(map(len, column)) for column in zip(*cells)]
    lines = [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in cells
    ]
    if len(rows) > _MOST_ROWS:
        lines.append("  and {} more (--json has all)".format(len(rows) - _MOST_ROWS))
    return lines


def _cell(cell):
    text = printable(str(cell)) or "-"
    return text if len(text) <= _WIDEST else text[: _WIDEST - 3] + "..."


def of(report):
    """Return what ``audit`` prints.

    :param Report report: what was found.
    :rtype: str
    """
    lines, empty = _verdict(report), []
    for heading, columns, rows, nothing in (
        _pythons(report),
        _sites(report),
        _distributions(report),
        _commands(report),
        _environments(report),
        _holds(report),
        _precache(report),
    ):
        if rows:
            lines += ["", heading] + table(columns, rows)
        else:
            empty.append("{}: {}".format(heading, nothing))
    lines += [""] + empty
    for heading, sentences in (("could not be read", report.unread), ("could not be searched", report.notes)):
        if sentences:
            lines += ["", heading] + ["  " + _cell(sentence) for sentence in sentences[:_MOST_ROWS]]
    return "\n".join(lines)


def _verdict(report):
    unmanaged = report.unmanaged
    managers = " and ".join(report.packages.managers)
    if unmanaged:
        rows = [[each.kind, each.name, each.files, each.path] for each in unmanaged]
        first = "The global Python is NOT clean: without an owner in {} are".format(managers)
        return [first] + table(["what", "name", "files", "path, or the first"], rows)
    if report.unread:
        return ["Whether the global Python is clean CANNOT BE SAID: see the end."]
    return ["The global Python is clean: {} owns all of it.".format(managers)]


def _pythons(report):
    rows = [
        [
            each.path,
            each.series,
            "yes" if each.externally_managed else "no",
            _owner(report, each.owner),
            ", ".join(each.names),
        ]
        for each in report.pythons
    ]
    return "interpreters", ["binary", "series", "externally managed", "owner", "other names"], rows, "none"


def _sites(report):
    rows = [
        [each.path, each.kind, len(each.distributions), each.files, each.unowned]
        for each in report.sites
        if each.files
    ]
    columns = ["folder", "kind", "distributions", "files", "without an owner"]
    return "site-packages", columns, rows, "all empty" if report.sites else "none"


def _distributions(report):
    rows = [
        [each.name, each.version, _owner(report, each.owner), each.files, each.unowned, site.path]
        for site in report.sites
        for each in site.distributions
        if site.kind != "elsewhere"  # whole Pythons with hundreds of them, which concern nobody else
    ]
    columns = ["name", "version", "owner", "files", "without an owner", "in"]
    return "distributions for all and of users", columns, rows, "none"


def _commands(report):
    rows = [
        [each.path, _leads_to(report, each), each.target if each.target != each.path else ""]
        for each in report.commands
    ]
    return "commands on the standard PATH", ["command", "leads to", "end of its links"], rows, "none"


def _leads_to(report, command):
    if command.leads_to == "package":
        return "package " + command.owner
    if command.leads_to == "environment":
        return "an environment" + (", not safe: " + command.fault if command.fault else " of root's")
    return _owner(report, "") if command.leads_to == "nobody" else "nowhere"


def _environments(report):
    rows = []
    for each in report.environments:
        receipt = each.receipt
        words = [each.fault or "not ours", "", "", ""]
        if receipt is not None:
            words = [receipt.tool, receipt.version, receipt.locked[:10], receipt.source]
        name = each.names[0] if each.names else each.path
        if receipt is not None and not each.names and _TREE.search(each.path):
            name += " (swapped out)"
        rows.append([name] + words + [each.version, each.uid])
    columns = ["environment", "tool", "version", "locked", "source", "Python", "user"]
    return "environments", columns, rows, "none"


def _holds(report):
    rows = [[each.package, each.version, "held"] for each in report.packages.holds]
    rows += [[", ".join(each.packages), "", each.path] for each in report.pins]
    return "package holds and pins", ["package", "version", "by"], rows, "none"


def _precache(report):
    stored = report.precache
    rows = []
    if stored is not None:
        size = "{} files, {:.1f} MB".format(stored.files, stored.bytes / 1e6)
        rows = [
            ["path", stored.path],
            ["digest", stored.lock_digest],
            ["locked", stored.locked],
            ["targets", ", ".join(stored.targets)],
            ["size", size],
        ]
        # One that is no precache has none of these.
        rows = [row for row in rows if stored.lock_digest or row[0] == "path"]
        rows += [["at fault", stored.fault]] if stored.fault else []
    return "precache", [], rows, "none"


def _owner(report, owner):
    return owner or ("nobody" if report.owners_are_known else "unknown")
