"""Memory that a fork shares with its parent: the newest progress, seen at the parent's leisure, and whether the fork
is to end."""

import json
import mmap
import struct
import zlib

from pilot_worker import untrusted

SIZE = 65_536
HEAD = struct.Struct("<II")  # length and checksum of what follows


class Board:
    def __init__(self):
        self._memory = mmap.mmap(-1, SIZE)
        self._asked = mmap.mmap(-1, 1)
        self._last = None

    def ask_to_end(self):
        self._asked[0] = 1

    def is_asked_to_end(self):
        return self._asked[0] != 0

    def show(self, progress):
        """A report may come thousands of times a second, so this calls nobody."""
        text = json.dumps(progress).encode()
        if len(text) <= SIZE - HEAD.size:
            self._memory[HEAD.size : HEAD.size + len(text)] = text
            HEAD.pack_into(self._memory, 0, len(text), zlib.crc32(text))

    def news(self):
        """What was shown since the last call, or None. Unreadable when a script wrote here itself."""
        length, checksum = HEAD.unpack_from(self._memory, 0)
        if (length, checksum) == self._last or not 0 < length <= SIZE - HEAD.size:
            return None
        text = bytes(self._memory[HEAD.size : HEAD.size + length])
        if zlib.crc32(text) != checksum:
            return None  # half written; the next look sees it whole
        self._last = (length, checksum)
        return untrusted.read(text)

    def close(self):
        self._memory.close()
        self._asked.close()
