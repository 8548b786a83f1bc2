"""What went wrong in a script, as a code of the farm and a sentence for its owner."""

import errno
import os
import re
import sys
import traceback

import pilot_data
import pilot_start


class Failure(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def explain(error, script):
    """The Failure for whatever a script raised."""
    if isinstance(error, pilot_start.Unfit):
        return Failure("bad-start", str(error)[:2000])
    place = place_of(error, script)
    what = describe(error)
    if isinstance(error, SyntaxError) and error.filename == script:
        line = "%s line %s" % (os.path.basename(script), error.lineno)
        shown = (error.text or "").strip()
        quoted = ": %s" % shown[:200] if shown else ""
        return Failure("script-error", "%s: %s: %s%s" % (line, type(error).__name__, error.msg, quoted))
    if isinstance(error, ModuleNotFoundError) and error.name:
        hint = "" if "." in error.name else " If it is a file of yours, send its folder along with --code."
        return Failure("module-missing", '%sthe worker\'s Python has no module "%s".%s' % (place, error.name, hint))
    if is_out_of_memory(error):
        return Failure("out-of-memory", "%sthe worker ran out of memory (%s)." % (place, what))
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Failure("disk-full", "%sthe disk of the worker is full." % place)
    return Failure("script-error", "%s%s" % (place, what))


def explain_without_words(error, script):
    """The same where a shard's data is its owner's: what an exception says may quote a row of it."""
    if isinstance(error, pilot_data.NoLentData):
        return Failure("data-not-lent", str(error))
    told = explain(error, script)
    if told.code != "script-error":
        return told if told.code == "disk-full" else Failure(told.code, "%s%s." % (place_of(error, script), type(error).__name__))
    return Failure(
        "script-error",
        "%s%s. What it says is not passed on, as it may quote the worker's own data." % (place_of(error, script), type(error).__name__),
    )


def print_places(error, script, root=None):
    """To the log: where it was, and nothing of what it says or of the lines' values."""
    frames = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    for filename, line in frames:
        if is_own(filename, script, root):
            print("%s line %d" % (os.path.basename(filename), line), file=sys.stderr)
    print(type(error).__name__, file=sys.stderr)


def left(code):
    """For sys.exit with anything but success."""
    if isinstance(code, int):
        return Failure("script-error", "The script ended itself with exit code %d." % code)
    return Failure("script-error", "The script ended itself: %s" % str(code)[:500])


def unfinished(run):
    if run.stage == "initialize":
        return Failure(
            "script-unfinished",
            "The script ended without calling pilot.weights(...), so each round would start from nothing.",
        )
    return Failure("script-unfinished", "The script ended without calling pilot.finish(...).")


def print_own_frames(error, script, root=None):
    """To the log: the traceback without the frames of libraries, which are long and tell the owner little."""
    told = traceback.TracebackException.from_exception(error)
    for one in chain(told):
        one.stack = traceback.StackSummary.from_list([frame for frame in one.stack if is_own(frame.filename, script, root)])
    print("".join(told.format()), file=sys.stderr)


def is_own(filename, script, root):
    return filename == script or root is not None and filename.startswith(root + os.sep)


def chain(told):
    found = []
    while told is not None and len(found) < 20:
        found.append(told)
        told = told.__cause__ or told.__context__
    return found


def place_of(error, script):
    """Where the script itself was: the innermost of its own lines."""
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == script]
    return "%s line %d: " % (os.path.basename(script), lines[-1]) if lines else ""


def describe(error):
    said = str(error).strip()[:1000]
    name = type(error).__name__
    return "%s: %s" % (name, said) if said else name


def is_out_of_memory(error):
    return isinstance(error, MemoryError) or (
        isinstance(error, (RuntimeError, OSError))
        and re.search(
            r"out of memory|can't allocate memory|cannot allocate memory|std::bad_alloc", str(error), re.I
        )
        is not None
    )
