"""Opening a .blend, and noticing when a script inside it raises."""

import os
import sys
import traceback

import bpy


class Refusal(Exception):
    """Something this file or this Blender cannot do; `code` is one of the farm's failure codes."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


errors = []
state = {"scripts": False, "script_errors": "fail"}


def open_file(command):
    errors.clear()
    # Without this Blender renders frame 0 where a negative one is asked for, and says nothing.
    bpy.context.preferences.edit.use_negative_frames = True
    state["scripts"] = command["scripts"]
    state["script_errors"] = command["scriptErrors"]
    if not command["openNewer"]:
        refuse_newer(command["savedBy"])
    try:
        bpy.ops.wm.open_mainfile(filepath=command["path"], load_ui=False, use_scripts=command["scripts"])
    except RuntimeError as error:
        raise_script_error()
        # A missing library is an error to Blender too, which then goes on without it: the probe lists it.
        if not bpy.data.filepath:
            reason = str(error).strip().split(": ")[-1]
            raise Refusal("not-a-blend", "Blender cannot read the file, it may be damaged or cut short: %s." % reason) from None
    raise_script_error()
    return {"fileVersion": file_version()}


def refuse_newer(saved_by):
    """An older Blender opens a newer file only in part, and then renders something else without a word."""
    if tuple(int(part) for part in saved_by.split(".")) > bpy.app.version[:2]:
        here = bpy.app.version_string.split(" ")[0]
        raise Refusal(
            "too-old",
            "The file was saved by Blender %s, and this worker has Blender %s. " % (saved_by, here)
            + "Install Blender %s or newer on the worker, save the file with an older version, " % saved_by
            + "or insist that it is opened all the same (--open-newer).",
        )


def file_version():
    major, minor = bpy.data.version[0], bpy.data.version[1]
    # Before 2.83 a minor version has two digits, as everyone writes it: 2.77, 2.79.
    return "%d.%02d" % (major, minor) if major < 3 else "%d.%d" % (major, minor)


def raise_script_error():
    if errors and state["scripts"] and state["script_errors"] == "fail":
        message = errors[0]
        errors.clear()
        raise Refusal("script-failed", "A script in the file raised an error: %s." % message)


def watch_scripts():
    """Blender prints what a script raises and goes on; its printing passes through sys.excepthook."""
    printing = sys.excepthook
    own = os.path.normpath(bpy.utils.system_resource("SCRIPTS") or os.path.dirname(bpy.__file__))

    def hook(kind, value, trace):
        places = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(trace)]
        if isinstance(value, SyntaxError) and value.filename:
            places.append((value.filename, value.lineno))
        # A driver with a mistake is skipped as Blender skips it; an add-on of Blender's own is not the owner's.
        theirs = [place for place in places if not os.path.normpath(place[0]).startswith(own)]
        of_file = not places or (theirs and places[0][0] != "<bpy driver>")
        if of_file and len(errors) < 10:
            at = " (%s, line %s)" % (os.path.basename(theirs[-1][0]), theirs[-1][1]) if theirs else ""
            errors.append("%s: %s%s" % (kind.__name__, value, at))
        printing(kind, value, trace)

    sys.excepthook = hook
