"""Read a module's parameters as Ansible's AnsibleModule does, for modules that do without it."""

from .errors import UsageError
from .redaction import redact

# 1.0 and True are 1 there, 0.0 and False are 0.
_TRUE = {"y", "yes", "on", "1", "true", "t", 1}
_FALSE = {"n", "no", "off", "0", "false", "f", 0}


def read(given, spec):
    """Return the value of each parameter: what was given, as its type, or the default.

    :param dict given: of JSON, by name.
    :param dict spec: options by name, as ``argument_spec`` has them: each with ``type``, with ``default`` or
        ``required``, and perhaps ``elements``, ``choices`` and ``no_log``.
    :rtype: dict
    :raises UsageError: where one is missing, unknown, of another type or none of the choices.

    Source: ``ansible.module_utils.common.validation``.
    """
    unknown = sorted(set(given) - set(spec))
    if unknown:
        raise UsageError(
            "there is no parameter {}".format(", ".join(unknown)),
            "choose from {}".format(", ".join(sorted(spec))),
        )
    missing = sorted(name for name, each in spec.items() if each.get("required") and name not in given)
    if missing:
        raise UsageError("{} must be given".format(", ".join(missing)))
    return {name: _value(name, given.get(name, each.get("default")), each) for name, each in spec.items()}


def shown(params, spec):
    """Return parameters as they may be shown: URLs in what is not to be logged are without what is secret.

    :param dict params: what ``read`` gave.
    :param dict spec: as for that.
    :rtype: dict
    """
    return {name: redacted(value) if spec[name].get("no_log") else value for name, value in params.items()}


def redacted(value):
    """Return a parameter without what is secret in its URLs.

    :param value: a URL or a list of them.
    """
    return redact(value) if isinstance(value, str) else [redact(url) for url in value]


def _value(name, given, option):
    try:
        value = _TYPES[option["type"]](given)
        if "elements" in option:
            value = [_TYPES[option["elements"]](each) for each in value]
        if option.get("no_log"):
            _check_urls(given)
    except TypeError as error:
        told = "" if option.get("no_log") else ": {}".format(redact(repr(given)))
        raise UsageError("{} is {}{}".format(name, error, told)) from None
    if "choices" in option:
        _choose(name, value if isinstance(value, list) else [value], option["choices"])
    return value


def _check_urls(given):
    # As text a dictionary would be shown with all that is secret in it.
    if any(isinstance(each, (dict, list)) for each in (given if isinstance(given, list) else [given])):
        raise TypeError("no URL")


def _choose(name, values, choices):
    wrong = [redact(repr(value)) for value in values if value not in choices]
    if wrong:
        cure = "choose from {}".format(", ".join(choices))
        raise UsageError("{} in {} is no choice".format(", ".join(wrong), name), cure)


def _text(value):
    # None is what a template without native types made "" of; Ansible itself reads it so since 2.19.
    return "" if value is None else str(value)


def _truth(value):
    word = value.lower().strip() if isinstance(value, str) else value
    if isinstance(value, (str, int, float)) and word in _TRUE | _FALSE:
        return word in _TRUE
    raise TypeError("neither true nor false")


def _number(value):
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError("no number") from None


def _list(value):
    if isinstance(value, list):
        return value
    if isinstance(value, str):
        return value.split(",")
    if isinstance(value, (int, float)):
        return [str(value)]
    raise TypeError("no list")


def _anything(value):
    return value


_TYPES = {"str": _text, "bool": _truth, "float": _number, "list": _list, "raw": _anything}
