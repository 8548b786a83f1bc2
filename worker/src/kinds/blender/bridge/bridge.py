"""Runs inside Blender and does what the worker says, one JSON message per line.

    blender -b --factory-startup ... --python bridge.py

The worker's first line is {"nonce": "..."}. Every later line is
a command {"id": 1, "op": "render", ...}; every command gets one reply
{"id": 1, "ok": true, ...} or {"id": 1, "ok": false, "code": ..., "message": ...}.
Replies go to the file that was standard output when Blender started, each
behind the nonce. Everything that Blender or a script prints goes to standard
error, so no print can pass for a reply.
"""

import atexit
import ctypes
import json
import os
import queue
import signal
import sys
import threading
import time

sys.dont_write_bytecode = True

# Private copies first: whatever runs later finds no trace of the worker's pipes at 0 and 1.
commands_in = os.fdopen(os.dup(0), "rb")
replies_out = os.dup(1)
os.set_inheritable(replies_out, False)
os.set_inheritable(commands_in.fileno(), False)
devnull = os.open(os.devnull, os.O_RDONLY)
os.dup2(devnull, 0)
os.dup2(2, 1)

try:
    libc = ctypes.CDLL(None)
except (OSError, TypeError):
    libc = None


def end_everything():
    """Ends this process and, as leader of its group, whatever a script started."""
    try:
        if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
            os.killpg(os.getpgrp(), signal.SIGKILL)
    finally:
        os._exit(75)


def die_with_parent():
    """Linux ends this process when the worker ends, even by SIGKILL; the end of the pipe says it everywhere."""
    if sys.platform != "linux" or libc is None:
        return
    parent = os.getppid()
    PR_SET_PDEATHSIG = 1
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    # A parent that ended just before the call sends no signal any more.
    if os.getppid() != parent:
        end_everything()


die_with_parent()


def line_buffer_c_output():
    """Blender's own printf lines would otherwise wait in a buffer that a crash throws away."""
    if libc is None or os.name == "nt":
        return
    try:
        stream = ctypes.c_void_p.in_dll(libc, "stdout" if sys.platform == "linux" else "__stdoutp")
        _IOLBF = 1
        libc.setvbuf(stream, None, _IOLBF, ctypes.c_size_t(0))
    except (ValueError, AttributeError):
        pass


line_buffer_c_output()
for stream in (sys.stdout, sys.stderr):
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(line_buffering=True, errors="replace")

greeting = json.loads(commands_in.readline() or b"null")
if greeting is None:
    end_everything()
nonce = greeting["nonce"]

send_lock = threading.Lock()
send_owner = os.getpid()


def send(message):
    if os.getpid() != send_owner:
        return  # a script forked; its copy of this process has nothing to say
    data = ("\n" + nonce + " " + json.dumps(message) + "\n").encode()
    with send_lock:
        while data:
            data = data[os.write(replies_out, data):]


def mark_log(command_id):
    """Tells the worker that the log has been written up to here: log and replies travel separately."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
        if libc is not None:
            libc.fflush(None)
        os.write(2, ("\n" + nonce + " logged " + str(command_id) + "\n").encode())
    except (OSError, ValueError, AttributeError):
        pass


commands = queue.Queue()


def read_commands():
    for line in commands_in:
        commands.put(json.loads(line))
    end_everything()  # the worker is gone


threading.Thread(target=read_commands, daemon=True).start()

import bpy  # noqa: E402

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bridge_detect  # noqa: E402
import bridge_file  # noqa: E402
import bridge_pictures  # noqa: E402
import bridge_probe  # noqa: E402
import bridge_render  # noqa: E402
import bridge_sound  # noqa: E402
from bridge_file import Refusal  # noqa: E402

sys.path.pop(0)


def open_file(command):
    result = bridge_file.open_file(command)
    bridge_probe.remember()
    return result


OPERATIONS = {
    "open": open_file,
    "probe": bridge_probe.probe,
    "render": bridge_render.render,
    "decode": bridge_pictures.decode,
    "mix": bridge_sound.mix,
    "detect": lambda command: bridge_detect.detect(command, send),
}


def resident_bytes():
    try:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def answer(command):
    started = time.monotonic()
    try:
        result = OPERATIONS[command["op"]](command)
        reply = {"ok": True, "result": result}
    except Refusal as refusal:
        reply = {"ok": False, "code": refusal.code, "message": str(refusal)}
    except Exception as error:
        reply = {"ok": False, "code": None, "message": "%s: %s" % (type(error).__name__, str(error).strip())}
    reply["id"] = command["id"]
    reply["ms"] = (time.monotonic() - started) * 1000
    reply["rss"] = resident_bytes()
    return reply


quitting = False


def say_goodbye():
    if not quitting:
        send({"event": "ending"})


atexit.register(say_goodbye)
bridge_file.watch_scripts()
send({"event": "hello", "version": bpy.app.version_string.split(" ")[0], "numbers": list(bpy.app.version)})
while True:
    command = commands.get()
    if command["op"] == "quit":
        quitting = True
        break
    reply = answer(command)
    mark_log(command["id"])
    send(reply)
os._exit(0)
