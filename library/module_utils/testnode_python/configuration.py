"""pip's configuration: what of it is honoured, and the mirrors that follow from it.

pip would read its files and variables by itself, and with them ``user``,
``target``, ``prefix`` or ``require-virtualenv``, which redirect or break an
install.  So they are read here, pip is run with none of them, and gets back as
variables what concerns indexes, certificates and proxies (variables, since a
command line can be read by everybody on the machine).
https://pip.pypa.io/en/stable/topics/configuration/
"""

import os
import re
from typing import Dict, NamedTuple
from urllib.parse import urlsplit

from .errors import Error, UsageError
from .redaction import redact, secrets_of

PYPI = "https://pypi.org/simple"
SYSTEM_FILE = "/etc/pip.conf"

_PLACES = ("index-url", "extra-index-url", "find-links")
_TRANSPORT = ("trusted-host", "cert", "client-cert", "proxy", "keyring-provider", "cache-dir", "no-cache-dir")
_CHOICE = ("only-binary", "no-binary", "prefer-binary")
_HONOURED = _PLACES + ("no-index",) + _TRANSPORT + _CHOICE
_FILES = ("cert", "client-cert", "cache-dir")
_TRUE = ("1", "true", "yes", "on", "y", "t")
# Where certificates come from if pip itself names none: the first two are those of
# requests, the last is OpenSSL's, which older pips do not know.
_CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


class Setting(NamedTuple):
    """A value of pip's configuration and the file or variable that it stands in."""

    value: str
    origin: str


class Mirror(NamedTuple):
    """One source of packages: what pip is told for it.

    ``name`` is for people and holds no secret; ``settings`` are pip's options by
    their long names.
    """

    name: str
    settings: Dict[str, str]

    def listed(self, option):
        """Return the values of an option that may have several."""
        return self.settings.get(option, "").split()

    @property
    def indexes(self):
        """The URLs of its indexes."""
        return [url.rstrip("/") for url in self.listed("index-url") + self.listed("extra-index-url")]

    @property
    def secrets(self):
        """What of it must not be seen."""
        urls = self.indexes + self.listed("find-links") + self.listed("proxy")
        return {secret for url in urls for secret in secrets_of(url)}


def read(environ, prefix):
    """Read pip's configuration as pip does.

    :param dict environ: the caller's variables.
    :param str prefix: ``sys.prefix`` of the interpreter that pip runs in.
    :returns: the honoured options that are set, by their long names.
    :rtype: dict(str, Setting)
    :raises Error: where a file cannot be understood.
    """
    layers = {"global": {}, "install": {}, "environment": {}}
    for path in _files(environ, prefix):
        for section, options in _parse(path).items():
            if section in ("global", "install"):
                layers[section].update(options)
    for name, value in environ.items():
        if name.startswith("PIP_"):
            layers["environment"][name[4:].lower().replace("_", "-")] = Setting(value, name)
    settings = {}
    for layer in layers.values():  # what is empty leaves the layer below as it is
        settings.update({name: setting for name, setting in layer.items() if setting.value.strip()})
    for name in _CERTIFICATES:
        if environ.get(name) and os.path.exists(environ[name]):
            settings.setdefault("cert", Setting(environ[name], name))
    home = _home(environ)
    return {name: _absolute(name, settings[name], home) for name in _HONOURED if name in settings}


def _home(environ):
    return environ.get("HOME") or os.path.expanduser("~")


def _absolute(name, setting, home):
    """Make paths hold for a pip that is started from another folder."""

    def path(word):
        if "://" in word or word.startswith("file:"):
            return word
        return os.path.abspath(os.path.join(home, word[2:]) if word.startswith("~/") else word)

    if name in _FILES:
        return setting._replace(value=path(setting.value))
    if name in _PLACES:
        return setting._replace(value=" ".join(map(path, setting.value.split())))
    return setting


def _files(environ, prefix):
    named = environ.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return []
    home = _home(environ)
    config_home = environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    config_folders = (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)
    files = [os.path.join(folder, "pip", "pip.conf") for folder in config_folders if folder]
    files.append(SYSTEM_FILE)
    if not (named and os.path.exists(named)):
        files += [os.path.join(home, ".pip", "pip.conf"), os.path.join(config_home, "pip", "pip.conf")]
    files.append(os.path.join(prefix, "pip.conf"))
    return files + ([named] if named else [])


def _parse(path):
    import configparser  # most callers find what they want and never get here

    parser = configparser.RawConfigParser()
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        # The parser's own words quote the line, and with it what passwords stand there.
        raise Error(
            "pip's configuration {} cannot be understood{}".format(path, _line_of(error)), "mend it"
        ) from None
    return {
        section: {
            name.lower().replace("_", "-").lstrip("-"): Setting(" ".join(value.split()), path)
            for name, value in parser.items(section)
        }
        for section in parser.sections()
    }


def _line_of(error):
    """Say in which line a parser stumbled."""
    errors = getattr(error, "errors", None)
    line = errors[0][0] if errors else getattr(error, "lineno", None)
    return " (line {})".format(line) if line else ""


def mirrors(urls, settings):
    """Return the mirrors to try, in order.

    What the caller lists comes instead of pip's configuration, that instead of
    PyPI; PyPI is never added to what somebody configured.  pip's configuration is
    one mirror as a whole, as pip itself sees its indexes.

    :param urls: indexes that the caller lists.
    :param dict settings: from ``read``.
    :rtype: list(Mirror)
    :raises Error: where the configuration forbids indexes.
    :raises UsageError: where something listed is no URL.
    """
    forbidden = settings.get("no-index")
    if forbidden and forbidden.value.lower() in _TRUE:
        raise Error(
            "pip's configuration forbids indexes (no-index in {})".format(forbidden.origin),
            "take it away there, or use a precache",
        )
    base = {name: settings[name].value for name in _TRANSPORT + _CHOICE if name in settings}
    if urls:
        return [_listed(url, base) for url in urls]
    configured = {name: settings[name].value for name in _PLACES if name in settings}
    if configured:
        where = sorted({settings[name].origin for name in configured})
        # Without an index of its own pip goes to PyPI: one source, as pip sees it.
        places = dict({"index-url": PYPI}, **configured)
        return [Mirror("pip's configuration ({})".format(", ".join(where)), dict(base, **places))]
    return [Mirror(PYPI, dict(base, **{"index-url": PYPI}))]


def _listed(url, base):
    if not _is_url(url):
        raise UsageError(
            # What cannot be taken apart is shown from where no password can be.
            "{!r} is not the URL of an index".format(redact(re.split("[?#]", url.rpartition("@")[2])[0])),
            "write it as in https://pypi.example.org/simple, with %2F for a '/' in a password",
        )
    return Mirror(redact(url, secrets_of(url)), dict(base, **{"index-url": url}))


def _is_url(text):
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("https", "http") and parts.hostname or parts.scheme == "file"
        # A password with a slash makes what is before it look like host and port.
        whole = "@" not in parts.path + parts.query + parts.fragment
        return bool(known and whole and len(text.split()) == 1 and (parts.port or True))
    except ValueError:  # a port that is none, most often a password with a slash
        return False


def pip_variables(mirror):
    """Return the variables that make pip use a mirror and nothing else.

    :param Mirror mirror: the mirror, or None for no network at all.
    :rtype: dict(str, str)
    """
    variables = {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PIP_NO_WARN_SCRIPT_LOCATION": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
    }
    if mirror is None:
        variables["PIP_NO_INDEX"] = "1"
        return variables
    for name, value in mirror.settings.items():
        variables["PIP_" + name.upper().replace("-", "_")] = value
    return variables
