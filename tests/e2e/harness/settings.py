"""Settings files: Python values written in libconfig's syntax."""

import json
import re

_NAME = re.compile(r"[A-Za-z*][-A-Za-z0-9_*]*\Z")


def _string(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def _names_fit(value):
    if isinstance(value, dict):
        return all(_NAME.match(name) and _names_fit(inner) for name, inner in value.items())
    if isinstance(value, (list, tuple)):
        return all(map(_names_fit, value))
    return True


def value_text(value):
    """One value. An object with a name that libconfig cannot hold ("$or") becomes a JSON string."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value}L" if abs(value) > 0x7FFFFFFF else str(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, dict):
        if not _names_fit(value):
            return _string(json.dumps(value))
        return "{ " + " ".join(f"{name} = {value_text(inner)};" for name, inner in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "( " + ", ".join(map(value_text, value)) + " )"
    raise TypeError(f"no settings syntax for {type(value).__name__}")


def settings_text(settings):
    return "".join(f"{name} = {value_text(value)};\n" for name, value in settings.items())
