"""Imports what a script will import, so that each of its runs finds it there."""

import ast
import importlib
import sys
import zipfile
import zlib

# Known to start no threads and to open no device while they are imported: a fork would not have them.
SAFE = {"numpy", "scipy", "pandas", "sklearn", "torch", "torchvision", "PIL", "joblib", "tqdm", "skimage"}


def preload(script, code):
    """Names of the modules that could be imported. `code`: a .zip of files beside the script, or None."""
    names = set()
    for source in sources(script, code):
        try:
            names |= named_modules(ast.parse(source))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            pass  # running it tells what is wrong with it
    loaded = []
    for name in sorted(names):
        try:
            importlib.import_module(name)
            loaded.append(name)
        except Exception:
            # The script's own import tells, with its line.
            forget(name)
    return loaded


def sources(script, code):
    with open(script, "rb") as file:
        yield file.read()
    if code is None:
        return
    try:
        with zipfile.ZipFile(code) as archive:
            for entry in archive.infolist():
                if entry.filename.endswith(".py"):
                    yield archive.read(entry)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        return  # as above


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
