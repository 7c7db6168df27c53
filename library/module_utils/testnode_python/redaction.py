"""Keep secrets out of everything that a person or a log gets to see."""

import re

# Texts that ``re`` compiles when there is a URL: most nodes have none, and each start would pay.
_USERINFO = r"([A-Za-z][A-Za-z0-9+.-]*://)[^\s/]*@"
_QUERY = r"([A-Za-z][A-Za-z0-9+.-]*://[^\s?#'\"<>]*)\?[^\s#'\"<>]*"
# Shorter ones would mutilate ordinary words; inside URLs they go all the same.
_SHORTEST_SECRET = 3


def secrets_of(url):
    """Return the secrets in a URL as they could turn up outside of it.

    :param str url: any URL.
    :returns: password (or token) and query string, as written and decoded, and what a header has of it.
    :rtype: set(str)
    """
    from urllib.parse import unquote, urlsplit  # here, because few nodes have URLs to read

    # Anything may be given as a URL; a proxy may be written without a scheme.
    try:
        parts = urlsplit(url if "://" in url else "//" + url)
        # A user name alone is a token; beside a password it may be any word, such as "root".
        words = [parts.password or parts.username or "", parts.query]
    except ValueError:
        return set()
    words += [value for _, _, value in (pair.partition("=") for pair in parts.query.split("&"))]
    words += [unquote(word) for word in words]
    if parts.username or parts.password:
        words.append(encoded(parts.username or "", parts.password))
    return {word for word in words if len(word) >= _SHORTEST_SECRET}


def encoded(user, password):
    """Return an account as the header of Basic authentication has it (RFC 7617).

    :param str user: as written in a URL.
    :param str password: the same; None for none.
    :rtype: str
    """
    import base64  # as above
    from urllib.parse import unquote

    pair = "{}:{}".format(unquote(user), unquote(password or ""))
    return base64.b64encode(pair.encode()).decode()


def redact(text, secrets=()):
    """Return the text without user names, passwords and query strings of URLs.

    :param str text: a message, or the output of a program.
    :param secrets: further strings that must not appear (iterable of str).
    :rtype: str
    """
    if "://" in text:
        text = re.sub(_QUERY, r"\1", re.sub(_USERINFO, r"\1", text))
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text
