"""Which pip this Python has, and for which Pythons the packages are that it installs. Imports nothing large."""

import importlib.metadata
import json
import os
import re
import sys
import sysconfig

# With --report for --dry-run in the form that is kept.
LEAST_PIP = (23, 0)


def pip_command():
    """pip as this Python has it: installed, or the wheel that `ensurepip` installs it from. None without either."""
    try:
        if pip_version(importlib.metadata.version("pip")) >= LEAST_PIP:
            return [sys.executable, "-m", "pip"]
    except importlib.metadata.PackageNotFoundError:
        pass
    wheel = bundled_pip()
    return None if wheel is None else [sys.executable, os.path.join(wheel, "pip")]


def bundled_pip():
    try:
        import ensurepip
    except ImportError:
        return None
    folders = [getattr(ensurepip, "_WHEEL_PKG_DIR", None), os.path.join(os.path.dirname(ensurepip.__file__), "_bundled")]
    for folder in folders:
        for name in sorted(os.listdir(folder)) if folder and os.path.isdir(folder) else []:
            found = re.match(r"pip-([\d.]+)-.*\.whl$", name)
            if found and pip_version(found[1]) >= LEAST_PIP:
                return os.path.join(folder, name)
    return None


def pip_version(text):
    return tuple(int(part) for part in re.findall(r"\d+", text)[:2])


def pythons():
    """For which Pythons packages fit this one."""
    minor = "%d.%d" % sys.version_info[:2]
    return [minor, minor + "-" + sysconfig.get_platform()]


def main():
    print("pilot-found " + json.dumps({"pythons": pythons(), "pip": pip_command() is not None}))
