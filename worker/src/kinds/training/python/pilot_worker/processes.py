"""The few calls of the operating system by which no process is left behind."""

import ctypes
import os
import signal
import sys
import time

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36
LINUX = sys.platform == "linux"
_libc = ctypes.CDLL(None) if LINUX else None


def die_with_parent(parent, number=signal.SIGKILL):
    """Linux sends this process a signal when its parent ends, even by SIGKILL."""
    if not LINUX:
        return
    _libc.prctl(PR_SET_PDEATHSIG, number)
    # A parent that ended just before the call sends no signal any more.
    if os.getppid() != parent:
        os._exit(75)


def adopt_orphans():
    """What descendants leave behind becomes a child of this process, so that it can be found and ended."""
    if LINUX:
        _libc.prctl(PR_SET_CHILD_SUBREAPER, 1)


def close_memory(closed):
    """Whether others of the same user may look into this process, its pipes and its memory, and write there."""
    if LINUX:
        _libc.prctl(PR_SET_DUMPABLE, 0 if closed else 1)


def end_descendants(group=None):
    """Kills until there is no child any more: each may have started others meanwhile."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if group is not None and not LINUX:
            send(-group, signal.SIGKILL)
        for pid in children():
            send(pid, signal.SIGKILL)
        if not reap_all():
            return
        time.sleep(0.002)


def children():
    found = []
    try:
        for thread in os.listdir("/proc/self/task"):
            with open("/proc/self/task/%s/children" % thread) as file:
                found += [int(pid) for pid in file.read().split()]
    except OSError:
        pass
    return found


def reap_all():
    """False when there is no child left at all."""
    while True:
        try:
            pid, _status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True


def send(pid, number):
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        pass
