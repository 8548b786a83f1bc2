"""Imports what a script will import, so that each of its runs finds it there."""

import ast
import importlib
import sys

# Known to start no threads and to open no device while they are imported: a fork would not have them.
SAFE = {"numpy", "scipy", "pandas", "sklearn", "torch", "torchvision", "PIL", "joblib", "tqdm", "skimage"}


def preload(script):
    """Names of the modules that could be imported."""
    with open(script, "rb") as file:
        source = file.read()
    try:
        names = sorted(named_modules(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []  # running it tells what is wrong with it
    loaded = []
    for name in names:
        try:
            importlib.import_module(name)
            loaded.append(name)
        except Exception:
            # The script's own import tells, with its line.
            forget(name)
    return loaded


def named_modules(tree):
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
    return {name for name in names if name.split(".")[0] in SAFE}


def forget(name):
    """What a failed import left half made would pass for whole in the script."""
    for known in [known for known in sys.modules if known == name or known.startswith(name + ".")]:
        if getattr(sys.modules[known], "__spec__", None) is None:
            del sys.modules[known]
