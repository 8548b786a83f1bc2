"""Keeps a Python with its modules imported, and forks it for every chunk. Started by the worker:

The first line of standard input is {"nonce": ..., "threads": ...}. Every later line is a command:

    {"id": 1, "op": "open", "script": path, "code": path or null}    imports what the script will import
    {"id": 2, "op": "run", "task": {...}}      runs one chunk in a fork; see chunk.py
    {"op": "stop"}                             ends the fork
    {"op": "preempt"}                          asks the fork to leave a checkpoint and end

Every command but `stop` and `preempt` gets one reply: {"id", "ok": true, "result", "log"}, {"id", "ok": false,
"code", "message", "log"}, {"id", "ok": false, "preempted": true, "log"}, or {"id", "ok": false, "died": {"signal": 11}
or {"code": 3}, "log"} where a script ended Python. In between come {"event": "progress", ...} and
{"event": "printed", "log": ...}. All go to standard output behind the nonce. What a script prints goes into a pipe of
its own and never there.
"""

import contextlib
import json
import os
import select
import signal
import sys
import time

import numpy

from pilot_worker import processes, untrusted
from pilot_worker.fork import Fork
from pilot_worker.preload import preload

CHECK_SECONDS = 0.1
PRINTED_SECONDS = 1.0
# What comes of a chunk goes to the farm first.
AHEAD_SECONDS = 0.02


class Zygote:
    def __init__(self):
        # Private copies: no script's print, and no library's, can reach the worker's pipes.
        self.commands = os.dup(0)
        self.replies = os.dup(1)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        self.unread = b""
        self.fork = None
        # Made while nobody waits for it: a Python with torch in it takes its time to be forked. Never there while a script
        # runs, which is the same user.
        self.ahead = None
        self.ahead_wanted = False
        self.printed = 0.0
        greeting = self.read_greeting()
        self.nonce = greeting["nonce"].encode()
        self.threads = greeting["threads"]
        self.wake, wake_in = os.pipe()
        for pipe in (self.wake, wake_in):
            os.set_blocking(pipe, False)
        signal.set_wakeup_fd(wake_in, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self.end)

    def read_greeting(self):
        while b"\n" not in self.unread:
            block = os.read(self.commands, 65_536)
            if not block:
                os._exit(0)
            self.unread += block
        line, self.unread = self.unread.split(b"\n", 1)
        return json.loads(line)

    def send(self, message):
        data = b"\n" + self.nonce + b" " + json.dumps(message).encode() + b"\n"
        while data:
            data = data[os.write(self.replies, data) :]

    def serve(self):
        self.run_commands()  # what came along with the greeting
        while True:
            watched = [self.commands, self.wake] + (self.fork.open_pipes if self.fork else [])
            ready, _, _ = select.select(watched, [], [], self.patience())
            if not ready and self.fork is None and self.ahead is None:
                self.fork_ahead()
            if self.wake in ready:
                os.read(self.wake, 4096)
            if self.commands in ready:
                self.read_commands()
            if self.fork is not None:
                self.check_fork(ready)

    def fork_ahead(self):
        try:
            self.ahead = Fork(self.threads)
        except OSError:
            # There is no room for it now; there may be after the next chunk, which makes its own.
            self.ahead_wanted = False

    def patience(self):
        if self.fork is not None:
            return CHECK_SECONDS
        return AHEAD_SECONDS if self.ahead_wanted and self.ahead is None else None

    def read_commands(self):
        block = os.read(self.commands, 65_536)
        if not block:
            self.end()
        self.unread += block
        self.run_commands()

    def run_commands(self):
        *lines, self.unread = self.unread.split(b"\n")
        for line in lines:
            self.run_command(json.loads(line))

    def end(self, *_signal):
        """The worker is gone, or wants this to end."""
        if self.ahead is not None:
            processes.send(self.ahead.pid, signal.SIGKILL)
        processes.end_descendants(self.fork and self.fork.pid)
        os._exit(0)

    def run_command(self, command):
        if command.get("op") == "stop":
            if self.fork is not None:
                self.fork.stop()
            return
        if command.get("op") == "preempt":
            if self.fork is not None:
                self.fork.board.ask_to_end()
            return
        if command["op"] == "open":
            # A handler waits for an import to return, and an import may never do.
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            loaded = preload(command["script"], command["code"])
            signal.signal(signal.SIGTERM, self.end)
            self.ahead_wanted = True
            self.send({"id": command["id"], "ok": True, "result": loaded, "log": ""})
            return
        self.checked = 0.0
        fork, self.ahead = self.ahead or Fork(self.threads), None
        if not fork.begin(command):
            # Somebody killed it while it waited.
            with contextlib.suppress(untrusted.Unreadable):
                fork.close()
            fork = Fork(self.threads)
            fork.begin(command)
        self.fork = fork
        self.ahead_wanted = True

    def check_fork(self, ready):
        fork = self.fork
        for pipe in [pipe for pipe in fork.open_pipes if pipe in ready]:
            fork.read(pipe)
        pid, status = os.waitpid(fork.pid, os.WNOHANG)
        if pid == fork.pid:
            self.send_progress(True)
            self.settle(status)
            return
        if fork.overdue():
            processes.send(fork.pid, signal.SIGKILL)
        self.send_progress(False)

    def send_progress(self, last):
        """Progress at most ten times a second, what was newest at the end too; what was printed once a second."""
        now = time.monotonic()
        if last or now - self.checked >= CHECK_SECONDS:
            self.checked = now
            try:
                news = self.fork.board.news()
            except untrusted.Unreadable:
                self.fork.meddled = True
                self.fork.stop()
                return
            if news is not None:
                self.send(dict(picked(news, "fraction", "detail", "values", "kept", "handedIn"), event="progress"))
        if now - self.printed >= PRINTED_SECONDS and self.fork.log.has_news():
            self.printed = now
            self.send({"event": "printed", "log": self.fork.log.news()})

    def settle(self, status):
        fork, self.fork = self.fork, None
        try:
            outcome = fork.close()
        except untrusted.Unreadable:
            outcome, fork.meddled = None, True
        if fork.meddled:
            outcome = MEDDLED
        elif outcome is None:
            signalled = os.WIFSIGNALED(status)
            died = {"signal": os.WTERMSIG(status)} if signalled else {"code": os.WEXITSTATUS(status)}
            outcome = {"ok": False, "died": died}
        keep_log(fork)
        outcome = picked(outcome, "ok", "result", "code", "message", "preempted", "died")
        self.send(dict(outcome, id=fork.id, log=fork.log.end()))


MEDDLED = {
    "ok": False,
    "code": "script-error",
    "message": "The script changed the Python around it, so that its result cannot be read.",
}


def picked(found, *names):
    """Nothing else of it: another key could make it another message."""
    return {name: found[name] for name in names if name in found}


def keep_log(fork):
    """A log that cannot be written, on a full disk for instance, costs no result: its end is in the reply."""
    printed = fork.log.bytes()
    path = os.path.join(fork.task["work"], "log.txt")
    with contextlib.suppress(OSError):
        # A script may have put anything there, and opening a pipe would wait for ever.
        if os.path.lexists(path):
            os.unlink(path)
        if printed:
            with open(path, "xb") as file:
                file.write(printed)


def main():
    # Not SIGKILL: what scripts started has to be ended too.
    processes.die_with_parent(os.getppid(), signal.SIGTERM)
    processes.adopt_orphans()
    sys.dont_write_bytecode = True
    zygote = Zygote()
    zygote.send({"event": "hello", "numpy": numpy.__version__})
    zygote.serve()
