"""What a script prints: its beginning and its end, 1 MB at most, however much it is."""

import collections
import os

HALF = 512 * 1024
READ = 65_536
TAIL = 16_384


class ScriptLog:
    def __init__(self):
        self._head = []
        self._head_size = 0
        self._tail = collections.deque()
        self._tail_size = 0
        self._dropped = 0

    def read(self, pipe):
        """Reads what there is, within bounds. False at the end of the pipe."""
        for _ in range(64):
            try:
                block = os.read(pipe, READ)
            except BlockingIOError:
                return True
            if not block:
                return False
            self._add(block)
        return True

    def _add(self, block):
        if self._head_size < HALF:
            self._head.append(block)
            self._head_size += len(block)
            return
        self._tail.append(block)
        self._tail_size += len(block)
        while self._tail_size - len(self._tail[0]) >= HALF:
            gone = len(self._tail.popleft())
            self._tail_size -= gone
            self._dropped += gone

    def bytes(self):
        left_out = b"\n... %d bytes are left out here ...\n" % self._dropped if self._dropped else b""
        return b"".join(self._head) + left_out + b"".join(self._tail)

    def end(self):
        """The last lines as text."""
        return self.bytes()[-TAIL:].decode("utf-8", "replace")
