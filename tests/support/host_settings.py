"""The way of this machine to names, Debian archives and package indexes, for a root to go as well."""

import configparser
import os
import pathlib
import ssl

_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


def copy_to(path):
    """Give a root the host's way to names, Debian archives and package indexes, as it is now."""
    for name in ("/etc/resolv.conf", "/etc/hosts"):
        _copy(path, name, name)
    for file in [pathlib.Path("/etc/apt/apt.conf"), *sorted(pathlib.Path("/etc/apt/apt.conf.d").glob("*"))]:
        if file.is_file() and "Acquire::" in file.read_text(errors="replace"):
            _copy(path, str(file), f"/etc/apt/apt.conf.d/{file.name}")
    bundle = host_bundle()
    if bundle:
        _copy(path, bundle, _BUNDLE)
        # OpenSSL's own default: what trusts the system's certificates trusts the host's.
        link = pathlib.Path(path + "/usr/lib/ssl/cert.pem")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(_BUNDLE)
    settings = host_pip_settings()
    if settings:
        lines = ["[global]", *(f"{name} = {value}" for name, value in sorted(settings.items()))]
        put(path, "/etc/pip.conf", "\n".join(lines).encode() + b"\n")


def host_bundle(environ=os.environ):
    """Return the file of certificates that this machine's Pythons trust, or None."""
    named = [
        environ.get(name) for name in ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")
    ]
    candidates = [*named, ssl.get_default_verify_paths().cafile, _BUNDLE]
    return next((file for file in candidates if file and os.path.isfile(file)), None)


def host_pip_settings(environ=os.environ, files=None):
    """Return what this machine's pip is told about indexes, as ``[global]`` of a node's pip.conf.

    What names a folder of this machine stays behind; the certificates are the node's copy.

    :param list files: configuration files to read, weakest first; default: pip's own places.
    """
    home = os.path.expanduser("~")
    if files is None:
        files = ["/etc/pip.conf", f"{home}/.pip/pip.conf", f"{home}/.config/pip/pip.conf"]
        files.append(environ.get("PIP_CONFIG_FILE", ""))
    parser = configparser.RawConfigParser()
    parser.read([file for file in files if file], encoding="utf-8")
    given = dict(parser.items("global")) if parser.has_section("global") else {}
    for name in ("index-url", "extra-index-url", "trusted-host", "proxy", "cert"):
        value = environ.get("PIP_" + name.upper().replace("-", "_"))
        if value:
            given[name] = value
    settings = {name: given[name] for name in ("trusted-host", "proxy") if given.get(name)}
    for name in ("index-url", "extra-index-url"):
        urls = [url for url in given.get(name, "").split() if url.startswith(("http://", "https://"))]
        if urls:
            settings[name] = "\n    ".join(urls)
    if given.get("cert") or host_bundle(environ) not in (None, _BUNDLE):
        settings["cert"] = _BUNDLE
    return settings


def _copy(root, source, path):
    if os.path.isfile(source):
        with open(source, "rb") as file:
            put(root, path, file.read())


def put(root, path, content, mode=0o644):
    """Write a file below a root folder, replacing what is there; folders are made."""
    file = pathlib.Path(root + path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)  # a link of the root would lead into the host
    file.write_bytes(content)
    file.chmod(mode)
