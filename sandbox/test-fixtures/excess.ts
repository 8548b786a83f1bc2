// Python programs that take 480 MB, or write 60 MB, each in a way that is easily left uncounted.

/**
 * `counted`: by whom. The kernel's control groups count all; a sum over processes does not. What is refused cannot be
 * had at all where system calls are filtered.
 */
export type Attempt = {
  code: string;
  limit: 'memory' | 'disk';
  counted: 'always' | 'by the kernel' | 'refused';
};

// Python's own mmap keeps the file open. Read once, so that the pages are this process's too.
const MAP = `
import ctypes
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
def mapped(file, size):
    at = libc.mmap(None, ctypes.c_size_t(size), 1, 1, file, 0)
    for page in range(0, size, 4096): ctypes.c_char.from_address(at + page).value`;

const SLEEP = `
print('holds it', flush=True)
time.sleep(1000)`;

export const EXCESS: Record<string, Attempt> = {
  'one process that takes ever more': {
    limit: 'memory',
    counted: 'always',
    code: `
import time
held = []
for i in range(48): held.append(b'x' * 10_000_000); time.sleep(0.01)${SLEEP}`,
  },
  'a process whose first thread has ended': {
    limit: 'memory',
    counted: 'always',
    code: `
import ctypes, threading, time
def take():
    time.sleep(0.2)
    held = [b'x' * 10_000_000 for i in range(48)]
    print('holds it', flush=True)
    time.sleep(1000)
threading.Thread(target=take).start()
ctypes.CDLL(None).syscall({'x86_64': 60}.get(__import__('os').uname().machine, 93), 0)`,
  },
  'shared anonymous memory of many processes': {
    limit: 'memory',
    counted: 'always',
    code: `
import mmap, os, time
for i in range(7):
    if os.fork() == 0: break
held = mmap.mmap(-1, 60_000_000)
for i in range(600): held.write(b'x' * 100_000)${SLEEP}`,
  },
  'files that are memory': {
    limit: 'memory',
    counted: 'always',
    code: `
import os, time
held = [os.memfd_create('m') for i in range(8)]
for file in held: os.write(file, b'x' * 60_000_000)${SLEEP}`,
  },
  'files that are memory, mapped and closed': {
    limit: 'memory',
    counted: 'always',
    code: `
import os, time${MAP}
for i in range(8):
    file = os.memfd_create('m')
    os.write(file, b'x' * 60_000_000)
    mapped(file, 60_000_000)
    os.close(file)${SLEEP}`,
  },
  'files that are memory, under way in a socket': {
    limit: 'memory',
    counted: 'by the kernel',
    code: `
import array, os, socket, time
one, two = socket.socketpair()
for i in range(8):
    file = os.memfd_create('m')
    os.write(file, b'x' * 60_000_000)
    one.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [file]))])
    os.close(file)${SLEEP}`,
  },
  'what lies in the queues of sockets': {
    limit: 'memory',
    counted: 'always',
    code: `
import socket, time
held, queued = [], 0
while queued < 300_000_000:
    for one in (pair := socket.socketpair()):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 100_000_000)
        one.setblocking(False)
        try:
            while True: queued += one.send(b'x' * 32_768)
        except BlockingIOError: pass
    held += pair${SLEEP}`,
  },
  'queues of SysV messages': {
    limit: 'memory',
    counted: 'refused',
    code: `
import ctypes, sys, time
libc, message = ctypes.CDLL(None), ctypes.create_string_buffer(b'\\1' + b'\\0' * 7 + b'x' * 8192)
for i in range(30_000):
    queue = libc.msgget(0, 0o1600)
    if queue < 0: sys.exit('denied')
    while libc.msgsnd(queue, message, ctypes.c_size_t(8192), 0o4000) == 0: pass${SLEEP}`,
  },
  'segments of SysV shared memory that nobody has attached': {
    limit: 'memory',
    counted: 'refused',
    code: `
import ctypes, sys, time
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
for i in range(8):
    segment = libc.shmget(0, ctypes.c_size_t(60_000_000), 0o1600)
    if segment < 0: sys.exit('denied')
    at = libc.shmat(segment, None, 0)
    ctypes.memset(at, 1, 60_000_000)
    libc.shmdt(ctypes.c_void_p(at))${SLEEP}`,
  },
  'a file system in memory, in a user namespace': {
    limit: 'memory',
    counted: 'refused',
    code: `
import ctypes, os, sys, time
libc, user = ctypes.CDLL(None, use_errno=True), os.getuid()
if libc.unshare(0x10000000 | 0x00020000) != 0: sys.exit('denied')
open('/proc/self/uid_map', 'w').write('0 %d 1' % user)
open('/proc/self/setgroups', 'w').write('deny')
open('/proc/self/gid_map', 'w').write('0 %d 1' % user)
if libc.mount(b'none', b'/tmp', b'tmpfs', 0, None) != 0: sys.exit('denied')
for i in range(8): open('/tmp/%d' % i, 'wb').write(b'x' * 60_000_000)${SLEEP}`,
  },
  'files that are mapped, closed and have no name any more': {
    limit: 'disk',
    counted: 'always',
    code: `
import os, time${MAP}
for i in range(12):
    with open('f', 'wb+') as file:
        file.write(b'x' * 5_000_000)
        file.flush()
        mapped(file.fileno(), 5_000_000)
    os.unlink('f')${SLEEP}`,
  },
  'files without a name, held by a process that hides them': {
    limit: 'disk',
    counted: 'always',
    code: `
import ctypes, os, time
ctypes.CDLL(None).prctl(4, 0)
held = []
for i in range(12):
    held.append(open('f', 'wb', 0)); os.unlink('f'); held[-1].write(b'x' * 5_000_000)${SLEEP}`,
  },
};
