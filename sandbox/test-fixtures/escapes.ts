// Python programs that try to get out of a sandbox, or to take more than their share.

export const READS = `
import os, sys
for path in sys.argv[1:]:
    try:
        seen = os.listdir(path) if os.path.isdir(path) else open(path, 'rb').read()
        if seen: print(path)
    except OSError: pass`;

export const FILLS: Record<string, string> = {
  'many files': `
import time
for i in range(100_000):
    open('f%d' % i, 'wb').write(b'x' * 100_000)
    time.sleep(0.001)`,
  'files that have no name any more': `
import os, time
held, name = [], os.environ['TMPDIR'] + '/f'
for i in range(900):
    held.append(open(name, 'wb', 0)); os.unlink(name); held[-1].write(b'x' * 100_000)
time.sleep(1000)`,
  'a folder deeper than a path can say': `
import os, time
for i in range(1000): os.mkdir('d' * 50); os.chdir('d' * 50)
time.sleep(1000)`,
  'shared memory': `
import time
open('/dev/shm/f' if __import__('os').environ['HOME'] == '/tmp' else 'f', 'wb').write(b'x' * 10_000_000)
time.sleep(1000)`,
};

export const OUTLIVES = `
import os, signal, sys, time
for sig in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT): signal.signal(sig, signal.SIG_IGN)
parent, told = os.getpid(), os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.setpgid(0, 0)
        for fd in (0, 1, 2): os.close(fd)
        os.write(told[1], b'x')
        time.sleep(1000)
    time.sleep(1000)
os.read(told[0], 1)
print('ready', flush=True)
sys.stdin.readline()`;

export const DEAF = `
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('deaf', flush=True)
while True: time.sleep(10)`;

export const FORKS = `
import os, time
count = 0
while True:
    try:
        if os.fork() == 0: time.sleep(1000)
        count += 1
    except OSError as error:
        print('stopped after %d: %s' % (count, error.strerror), flush=True)
        time.sleep(1000)`;

export const WRITES = `
import os
for folder in ('/', '/usr', '/usr/lib', '/etc', '/dev', '/job', '/job/in', '/job/work', '/tmp', '/dev/shm', '/proc/sys/kernel', '/sys', '/run'):
    try:
        open(folder + '/x', 'w').close()
        print(folder + '/x')
    except OSError: pass
print(*[line.strip() for line in open('/proc/self/status') if line.startswith(('CapEff', 'NoNewPrivs'))], sep=chr(10))`;
