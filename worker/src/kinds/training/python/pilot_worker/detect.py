"""Prints what this Python has, as one line of JSON. Imports nothing large."""

import importlib.metadata
import importlib.util
import json
import os
import pkgutil
import platform
import sys

from pilot_packages import installer

MOST_MODULES = 2000
# The farm takes 32,768 characters of all that a worker can do.
MOST_CHARACTERS = 24_000
LONGEST_NAME = 200


def version_of(name):
    if importlib.util.find_spec(name) is None:
        return None
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def modules():
    """Top-level names that can be imported, without the worker's own part and what every Python brings (3.10 tells)."""
    own = [os.path.dirname(os.path.dirname(os.path.abspath(one))) for one in (__file__, installer.__file__)]
    found = set(sys.builtin_module_names)
    found.update(module.name for module in pkgutil.iter_modules([path for path in sys.path if path not in own]))
    found.difference_update(getattr(sys, "stdlib_module_names", ()))
    found.add("pilot")
    return sorted(name for name in found if not name.startswith("_") and len(name) <= LONGEST_NAME)


def shortened(names):
    length = 0
    for name in names:
        length += len(json.dumps(name)) + 1
        if length > MOST_CHARACTERS:
            return
        yield name


def main():
    if not hasattr(os, "fork") or sys.version_info < (3, 8):
        return
    found = {
        "python": platform.python_version(),
        "numpy": version_of("numpy"),
        "torch": version_of("torch"),
        "pythons": installer.pythons(),
        "pip": installer.pip_command() is not None,
        "modules": list(shortened(modules()[:MOST_MODULES])),
    }
    print("pilot-found " + json.dumps(found))
