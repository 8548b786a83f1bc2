"""What a script prints: its beginning and its end, 1 MB at most, however much it is."""

import os

HALF = 499_900
READ = 65_536
TAIL = 16_384
NEWS = 8_192


class ScriptLog:
    def __init__(self):
        self._head = bytearray()
        self._tail = bytearray()
        self._dropped = 0
        self._told = 0

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
        room = HALF - len(self._head)
        self._head += block[:room]
        self._tail += block[room:]
        # Cutting a little now and then costs less than cutting at every line.
        if len(self._tail) > 2 * HALF:
            self._cut()

    def _cut(self):
        gone = max(0, len(self._tail) - HALF)
        del self._tail[:gone]
        self._dropped += gone

    def bytes(self):
        self._cut()
        left_out = b"\n... %d bytes are left out here ...\n" % self._dropped if self._dropped else b""
        return bytes(self._head + left_out + self._tail)

    def _length(self):
        return len(self._head) + self._dropped + len(self._tail)

    def has_news(self):
        return self._length() != self._told

    def news(self):
        """The last lines as text, to be shown while it goes on. Half a line waits for its end."""
        self._told = self._length()
        end = bytes((self._tail if len(self._tail) >= NEWS else self._head + self._tail)[-NEWS:])
        return end[: end.rfind(b"\n") + 1].decode("utf-8", "replace")

    def end(self):
        """The last lines as text."""
        return self.bytes()[-TAIL:].decode("utf-8", "replace")
