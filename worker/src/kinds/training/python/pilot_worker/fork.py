"""One fork of the zygote and what it is heard by: its log, its outcome, its newest progress."""

import atexit
import faulthandler
import fcntl
import gc
import io
import json
import os
import shutil
import signal
import sys
import time
import warnings

from pilot_worker import processes, untrusted
from pilot_worker.board import Board
from pilot_worker.chunk import run_chunk
from pilot_worker.script_log import ScriptLog

# Above what a script that closes "all" of its files by habit closes.
HIGH = 200
# The farm takes results of 256 K characters, each of which may need six here.
MOST_OUTCOME = 1536 * 1024


class Fork:
    """Waits for its command, and ends with it; everything here happens in the parent."""

    def __init__(self, threads):
        self.id = None
        self.task = None
        self.log = ScriptLog()
        self.board = Board()
        self.nonce = os.urandom(16)
        self.outcome = b""
        self.killed_at = None
        self.meddled = False
        task_out, self.task_pipe = os.pipe()
        self.log_pipe, log_in = os.pipe()
        self.outcome_pipe, outcome_in = os.pipe()
        self.open_pipes = [self.log_pipe, self.outcome_pipe]
        for pipe in self.open_pipes:
            os.set_blocking(pipe, False)
        parent = os.getpid()
        # What a script changed here, every later chunk would be forked from.
        processes.close_memory(True)
        # Pages that the collector does not touch stay shared.
        gc.freeze()
        with warnings.catch_warnings():
            # Python 3.12 warns of threads; those of OpenBLAS end themselves before a fork.
            warnings.simplefilter("ignore")
            try:
                self.pid = os.fork()
            except OSError:
                for pipe in (task_out, log_in, outcome_in, self.task_pipe, *self.open_pipes):
                    os.close(pipe)
                self.board.close()
                raise
        if self.pid == 0:
            become_child(self, (task_out, log_in, outcome_in), parent, threads)
        for pipe in (task_out, log_in, outcome_in):
            os.close(pipe)

    def begin(self, command):
        """False when it is there no more."""
        self.id = command["id"]
        self.task = command["task"]
        os.makedirs(self.task["run"], exist_ok=True)
        try:
            write_all(self.task_pipe, json.dumps(self.task).encode())
        except BrokenPipeError:
            return False
        finally:
            os.close(self.task_pipe)
        return True

    def read(self, pipe):
        if not (self.log.read(pipe) if pipe == self.log_pipe else self.read_outcome()):
            self.open_pipes.remove(pipe)

    def read_outcome(self):
        """False at the end of the pipe."""
        while True:
            try:
                block = os.read(self.outcome_pipe, 65_536)
            except BlockingIOError:
                return True
            if not block:
                return False
            if len(self.outcome) < MOST_OUTCOME:
                self.outcome += block

    def stop(self):
        """SIGTERM now; see `overdue`."""
        if self.killed_at is None:
            self.killed_at = time.monotonic()
            processes.send(self.pid, signal.SIGTERM)

    def overdue(self):
        return self.killed_at is not None and time.monotonic() - self.killed_at > 0.3

    def close(self):
        """After the fork has ended: ends what it started, reads the rest. Returns its outcome, or None without one.

        Unreadable when a script wrote it itself.
        """
        processes.end_descendants(self.pid)
        for pipe in list(self.open_pipes):
            self.read(pipe)
        os.close(self.log_pipe)
        os.close(self.outcome_pipe)
        self.board.close()
        if self.task is not None:
            clean(self.task)
        if not self.outcome.startswith(self.nonce) or not self.outcome.endswith(self.nonce):
            return None
        return untrusted.read(self.outcome[16:-16])


def become_child(fork, pipes, parent, threads):
    """Never returns."""
    outcome_pipe = None
    try:
        # To itself too: it could not list its own open files. It waits like that, as whoever looks after its limits may
        # be no root; no script runs meanwhile.
        processes.close_memory(False)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        if not processes.LINUX:
            os.setpgid(0, 0)
        processes.die_with_parent(parent)
        task_pipe, outcome_pipe = take_pipes(*pipes)
        set_threads(threads)
        task = read_task(task_pipe)
        if task is None:
            os._exit(0)
        os.chdir(task["run"])
        me = os.getpid()
        outcome = run_chunk(task, fork.board)
        if os.getpid() != me:
            os._exit(0)  # a script forked, and its copy came here
        run_exit_functions()
        sys.stdout.flush()
        sys.stderr.flush()
        write_all(outcome_pipe, fork.nonce + json.dumps(outcome).encode() + fork.nonce)
    except BaseException as error:
        if outcome_pipe is not None:
            broken = {"ok": False, "code": "unexpected", "message": "The worker's own part failed: %r" % error}
            write_all(outcome_pipe, fork.nonce + json.dumps(broken).encode() + fork.nonce)
    finally:
        os._exit(0)


def read_task(pipe):
    """None when the parent has gone, or has no use for this fork."""
    with open(pipe, "rb") as file:
        text = file.read()
    return json.loads(text) if text else None


def take_pipes(task_out, log_in, outcome_in):
    """Log to 1 and 2, nothing at 0; of the worker's own pipes no trace is left but those for the task and the outcome."""
    task_pipe, outcome_pipe = (fcntl.fcntl(pipe, fcntl.F_DUPFD_CLOEXEC, HIGH) for pipe in (task_out, outcome_in))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log_in, 1)
    os.dup2(log_in, 2)
    os.closerange(3, HIGH)
    sys.stdin = open(0, closefd=False)
    sys.stdout = io.TextIOWrapper(
        open(1, "wb", closefd=False), encoding="utf-8", errors="replace", line_buffering=True
    )
    sys.stderr = io.TextIOWrapper(
        open(2, "wb", closefd=False), encoding="utf-8", errors="replace", line_buffering=True
    )
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
    # After a crash the log says in which line of the script it was.
    faulthandler.enable(file=2)
    return task_pipe, outcome_pipe


def set_threads(threads):
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(threads)


def run_exit_functions():
    """What a script registered for its end."""
    atexit._run_exitfuncs()


def write_all(pipe, data):
    while data:
        data = data[os.write(pipe, data) :]


def clean(task):
    """What a script left beside its results is gone before the next one starts."""
    for folder in [task["run"]] + task["scratch"]:
        for entry in os.scandir(folder) if os.path.isdir(folder) else []:
            try:
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path, ignore_errors=True)
                else:
                    os.unlink(entry.path)
            except (OSError, RecursionError):
                pass  # folders in folders, without end
