import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { numberOf, PROCESSORS, type SystemCall } from '@parallel-pilot/sandbox/box/system-calls.ts';
import { createWorkspace } from '@parallel-pilot/sandbox/box/workspace.ts';
import { startChild } from '@parallel-pilot/sandbox/child/child.ts';
import { childEnvironment } from '@parallel-pilot/sandbox/child/config.ts';
import { detectSandbox } from '@parallel-pilot/sandbox/detect.ts';
import { defaultLimits } from '@parallel-pilot/sandbox/limits/limits.ts';
import type { Host, Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';
import { startPython } from '@parallel-pilot/sandbox/test-fixtures/confined.ts';
import { READS } from '@parallel-pilot/sandbox/test-fixtures/escapes.ts';
import { NO_SANDBOX } from '@parallel-pilot/sandbox/test-fixtures/levels.ts';
import { candidates } from '@parallel-pilot/worker/kinds/training/python.ts';
import { execa } from 'execa';
import { asAnotherUser } from '../support/another-user.ts';

// What a job sees of the machine that runs it, and what of the kernel it reaches.

const folder = await mkdtemp(join(tmpdir(), 'pilot-box-'));
after(() => rm(folder, { recursive: true, force: true }));
const found = await detectSandbox();
const skip = found.level === 'none' ? found.reason : false;
const { host } = found.level === 'none' ? { host: {} as Host } : found;
const with_ = (more: Partial<Host>): Sandbox => ({ level: 'bubblewrap', host: { ...host, ...more } });

/** What a Python program printed, once it has ended by itself. */
async function output(sandbox: Sandbox, code: string, args: readonly string[] = []): Promise<string[]> {
  const { child, said, workspace } = startPython(sandbox, folder, code, args);
  assert.deepEqual(await child.exited, { kind: 'exited', code: 0 }, said.join('\n'));
  await workspace.remove();
  return said;
}

describe('the box', { skip }, () => {
  const processor = PROCESSORS[process.arch];
  const number = (call: SystemCall): number =>
    (processor === undefined ? null : numberOf(call, processor)) ?? assert.fail(call);
  const CLONE_NEWUSER = 0x1000_0000;
  const [SIGCHLD, SESSION_KEYRING, VSOCK, PACKET, ALG] = [17, -3, 40, 17, 38];
  const [TIOCSTI, TIOCSETD] = [0x5412, 0x5423];

  /** What is tried, with what it is answered by a kernel that was told to refuse it. */
  const ATTEMPTS: [call: SystemCall, args: number[], refusal: string][] = [
    ['keyctl', [0, SESSION_KEYRING, 0], 'EPERM'],
    ['add_key', [0, 0, 0, 0, SESSION_KEYRING], 'EPERM'],
    ['request_key', [0, 0, 0, SESSION_KEYRING], 'EPERM'],
    ['io_uring_setup', [1, 0], 'ENOSYS'],
    ['userfaultfd', [1], 'ENOSYS'],
    ['perf_event_open', [0, 0, -1, -1, 0], 'EPERM'],
    ['unshare', [CLONE_NEWUSER], 'EPERM'],
    ['clone', [CLONE_NEWUSER + SIGCHLD, 0, 0, 0, 0], 'EPERM'],
    ['clone3', [0, 0], 'ENOSYS'],
    ['setns', [-1, 0], 'EPERM'],
    ['open_tree', [-1, 0, 0], 'ENOSYS'],
    ['fsopen', [0, 0], 'ENOSYS'],
    ['socket', [VSOCK, 1, 0], 'EAFNOSUPPORT'],
    ['socket', [PACKET, 3, 0], 'EAFNOSUPPORT'],
    ['socket', [ALG, 5, 0], 'EAFNOSUPPORT'],
    // Netfilter's.
    ['socket', [16, 3, 12], 'EPROTONOSUPPORT'],
    // SCTP, L2TP and SMC are modules that a socket loads.
    ['socket', [2, 1, 132], 'EPROTONOSUPPORT'],
    ['socket', [2, 2, 115], 'EPROTONOSUPPORT'],
    ['socket', [10, 1, 256], 'EPROTONOSUPPORT'],
    ['ioctl', [0, TIOCSTI, 0], 'EPERM'],
    ['ioctl', [0, TIOCSETD, 0], 'EPERM'],
    ['shmget', [0, 4_096, 0o1600], 'ENOSYS'],
    ['msgget', [0, 0o1600], 'ENOSYS'],
    ['semget', [0, 1, 0o1600], 'ENOSYS'],
    ['personality', [8], 'EPERM'],
    // PTRACE_ATTACH, to a process that there is not.
    ['ptrace', [16, 4_000_000, 0, 0], 'EPERM'],
    ['process_vm_readv', [1, 0, 0, 0, 0, 0], 'EPERM'],
    ['open_by_handle_at', [-1, 0, 0], 'EPERM'],
    ['memfd_secret', [0], 'ENOSYS'],
    ['io_setup', [1, 0], 'ENOSYS'],
  ];
  const attempts = ATTEMPTS.map(([call, args]) =>
    JSON.stringify([`${call} ${args[0]}`, number(call), ...args]),
  );
  const refusals = ATTEMPTS.map(([call, args, refusal]) => `${call} ${args[0]} ${refusal}`);

  test('parts of the kernel that no job needs are not there for it', {
    skip: processor === undefined,
  }, async () => {
    assert.deepEqual(await output(found, CALLS, attempts), refusals);
    // All but these get another answer where the filter is left out, so the attempts are real.
    const open = await output(with_({ filter: null }), CALLS, attempts);
    const same = open.filter((line) => refusals.includes(line));
    const closedAnyway =
      /^(setns|open_tree|fsopen|socket|open_by_handle_at|perf_event_open|memfd_secret|unshare|clone) /;
    assert.deepEqual(
      same.filter((line) => !closedAnyway.test(line)),
      [],
    );
  });

  test('what programs need works as ever', async () => {
    assert.deepEqual(await output(found, HONEST), [
      'thread',
      'fork',
      'process',
      'loopback',
      'lo',
      'memfd',
      'lock',
    ]);
  });

  test('a call by the 32-bit gate ends the program', { skip: process.arch !== 'x64' }, async () => {
    const { child, said, workspace } = startPython(found, folder, GATE);
    assert.deepEqual(await child.exited, { kind: 'signalled', signal: 'SIGSYS' }, said.join('\n'));
    await workspace.remove();
  });

  test('no two jobs have a keyring in common, nor one with the worker', async () => {
    const id = async (sandbox: Sandbox): Promise<string> =>
      (await output(sandbox, KEYRING, [String(number('keyctl'))])).join();
    const unfiltered = with_({ filter: null });
    const ids = [await id(unfiltered), await id(unfiltered), await id(NO_SANDBOX)];
    assert.equal(new Set(ids).size, 3, `${ids}`);
    // One of its own is called so; that of the user's login, which the others have, by the user's number.
    for (const it of ids.slice(0, 2)) assert.match(it, /^\d+ keyring;.*;_ses$/);
    if (!ids[2]?.endsWith(';_ses'))
      assert.match(await id(with_({ filter: null, cutOff: null })), /;_uid_ses\.\d+$/);
  });

  test("nobody comes to the memory and the files of the sandbox's own first process", async () => {
    const paths = ['mem', 'task/1/mem', 'environ', 'fd', 'root', 'cwd', 'oom_score_adj'].map(
      (it) => `/proc/1/${it}`,
    );
    assert.deepEqual(await output(found, OPENS, paths), []);
    const own = paths.map((path) => path.replace('/1', '/self').replace('/task/1', ''));
    assert.deepEqual(await output(found, OPENS, own), own, 'its own are there, so the attempt is real');
  });

  test('nothing is inherited that was open when the worker was started', async () => {
    const secret = join(folder, 'open');
    await writeFile(secret, 'secret');
    const code = `
      import { detectSandbox } from '${import.meta.resolve('@parallel-pilot/sandbox/detect.ts')}';
      import { startPython } from '${import.meta.resolve('@parallel-pilot/sandbox/test-fixtures/confined.ts')}';
      const list = 'import os; print(*[os.readlink("/proc/self/fd/" + it) for it in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + it)], sep=chr(10))';
      const { child, said, workspace } = startPython(await detectSandbox(), ${JSON.stringify(folder)}, list);
      await child.exited;
      await workspace.remove();
      console.log(JSON.stringify(said));`;
    const leave = 'exec 5<"$1" 6<"$1"; shift; exec "$@"';
    const node = [process.execPath, '--input-type=module', '-e', code];
    const { stdout } = await execa('/bin/sh', ['-c', leave, 'sh', secret, ...node]);
    const left = (JSON.parse(stdout) as string[]).filter((path) => !path.startsWith('/proc/'));
    assert.deepEqual(
      left.map((path) => path.replace(/\d+/, '')),
      Array(3).fill('socket:[]'),
      stdout,
    );
  });

  test('a child that hands its own output on does not keep the worker waiting', async () => {
    const { child, said, workspace } = startPython(found, folder, HANDS_ON);
    assert.deepEqual(await child.exited, { kind: 'exited', code: 0 }, said.join('\n'));
    assert.deepEqual(said, ['handed on']);
    await workspace.remove();
  });

  test('no two children are the same user, however many there were', {
    skip: process.getuid?.() !== 0,
  }, async () => {
    const first = createWorkspace(found, folder);
    const seen = new Set([first.uid]);
    for (let i = 0; i < 300; i += 1) {
      const next = createWorkspace(found, folder);
      assert.ok(!seen.has(next.uid), `${next.uid} is in use`);
      if (i % 2 === 0) seen.add(next.uid);
      else await rm(dirname(next.folders.work), { recursive: true });
    }
    for (const name of await readdir(folder))
      if (name.startsWith('child-')) await rm(join(folder, name), { recursive: true });
  });

  test("the lists of the machine's keys cannot be read", async () => {
    const lists = ['/proc/keys', '/proc/key-users'];
    assert.deepEqual(await output(found, READS, lists), []);
    assert.deepEqual(await output(NO_SANDBOX, READS, lists), lists);
  });

  describe('a Python in somebody’s home', async () => {
    const home = join(folder, 'home');
    const version = (
      await output(NO_SANDBOX, 'import sys; print("python%d.%d" % sys.version_info[:2])')
    ).join();
    const own = join(home, 'lib', version, 'site-packages');
    await mkdir(own, { recursive: true });
    await mkdir(join(home, 'bin'));
    await mkdir(join(home, 'lib/letters'));
    const secrets = [join(home, 'secret'), join(home, 'lib/letters/mine')];
    for (const secret of secrets) await writeFile(secret, 'secret');
    await writeFile(join(home, 'pyvenv.cfg'), 'home = /usr/bin\n');
    await writeFile(join(own, 'mine.py'), 'print("mine")\n');
    await symlink('/usr/bin/python3', join(home, 'bin/python3'));
    await symlink(home, join(folder, 'link'));

    /** What a script reads that such a Python runs. */
    const read = async (program: string, hidden: string[]): Promise<string[]> => {
      const sandbox = await detectSandbox(hidden);
      const [python] = candidates(program, sandbox);
      assert.ok(python);
      return await runWith(sandbox, python.command, python.read, [
        ...secrets,
        ...secrets.map((path) => path.replace(home, join(folder, 'link'))),
      ]);
    };

    test('shows the script the Python, and nothing else of the home', async () => {
      assert.deepEqual(await read(join(home, 'bin/python3'), [home]), ['mine']);
      assert.deepEqual(await read(join(folder, 'link/bin/python3'), [home]), ['mine']);
      // A home that nobody knows to be one is a folder like any other.
      assert.deepEqual(await read(join(home, 'bin/python3'), []), ['mine', ...secrets]);
    });

    test('shows nothing of the worker’s data that lie beside it', async () => {
      assert.deepEqual(await read(join(home, 'bin/python3'), [join(home, 'data/worker')]), ['mine']);
    });

    test('is refused where it would show the home as a whole', async () => {
      const sandbox = await detectSandbox([home]);
      for (const path of [home, join(folder, 'link'), folder, '/'])
        await assert.rejects(
          runWith(sandbox, '/usr/bin/python3', [path], secrets),
          /holds more than a job may see/,
        );
    });
  });

  test('a program that lies in a home alone brings nothing along', async () => {
    const home = join(folder, 'another home');
    await mkdir(home);
    await writeFile(join(home, 'secret'), 'secret');
    await copyFile('/usr/bin/python3', join(home, 'python3'));
    const read = async (hidden: string[]): Promise<string[]> =>
      await runWith(await detectSandbox(hidden), join(home, 'python3'), [], [join(home, 'secret')]);
    assert.deepEqual(await read([home]), []);
    assert.deepEqual(await read([]), [join(home, 'secret')]);
  });

  test('a program that the worker cannot find is not found outside of the sandbox either', async () => {
    const workspace = createWorkspace(found, folder);
    const path = process.env.PATH;
    process.env.PATH = '/nonexistent';
    const said: string[] = [];
    const child = startChild({
      command: 'sh',
      args: ['-c', 'cat /etc/passwd'],
      env: childEnvironment(found),
      confinement: { sandbox: found, workspace, read: [], limits: defaultLimits() },
      onStdout: (line) => said.push(line),
      onStderr: (line) => said.push(line),
    });
    process.env.PATH = path;
    assert.equal((await child.exited).kind, 'failed-to-start');
    assert.deepEqual(said, []);
    await workspace.remove();
  });

  const HOLES = `
import os, sys, time
with open('holes', 'wb') as file:
    file.write(b'x')
    file.truncate(3_000_000_000)
print('written', flush=True)
sys.stdin.readline()`;

  test('a file of holes is copied as holes', async () => {
    const { child, spoke, workspace } = startPython(found, folder, HOLES);
    await spoke();
    const target = join(folder, 'taken');
    const taken = await workspace.take('holes', target, 4_000_000_000);
    assert.deepEqual(taken, { ok: true, bytes: 3_000_000_000 });
    const { size, blocks } = await stat(target);
    assert.equal(size, 3_000_000_000);
    assert.ok(blocks * 512 < 1_000_000, `${blocks} blocks`);
    assert.equal((await workspace.take('holes', target, 1_000_000_000)).ok, false);
    await child.kill();
    await workspace.remove();
  });

  test('a file of holes counts with all that it says it holds', async () => {
    const { child, said, workspace } = startPython(found, folder, HOLES, [], { diskBytes: 100_000_000 });
    const exit = await child.exited;
    assert.equal(exit.kind === 'limit' ? exit.limit : exit.kind, 'disk', said.join('\n'));
    await workspace.remove();
  });

  test('nothing of it is left behind', async () => {
    const left = (await readdir(folder)).filter((name) => name.startsWith('child-'));
    assert.deepEqual(left, []);
  });
});

async function runWith(sandbox: Sandbox, command: string, read: readonly string[], paths: string[]) {
  const workspace = createWorkspace(sandbox, folder);
  const said: string[] = [];
  try {
    const child = startChild({
      command,
      args: ['-c', `try:\n    import mine\nexcept ImportError: pass\n${READS}`, ...paths],
      env: childEnvironment(sandbox),
      confinement: { sandbox, workspace, read, limits: { ...defaultLimits(), wallMs: 30_000 } },
      onStdout: (line) => said.push(line),
      onStderr: (line) => said.push(line),
    });
    assert.deepEqual(await child.exited, { kind: 'exited', code: 0 }, said.join('\n'));
    return said;
  } finally {
    await workspace.remove();
  }
}

/** Each argument is a call: its name, its number, and what it is given. */
const CALLS = `
import ctypes, errno, json, os, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
for text in sys.argv[1:]:
    name, *numbers = json.loads(text)
    parent = os.getpid()
    result = libc.syscall(*[ctypes.c_long(it) for it in numbers])
    error = ctypes.get_errno()
    if os.getpid() != parent or result == 0 and name.startswith('clone '): os._exit(0)
    print(name, 'done' if result >= 0 else errno.errorcode[error], flush=True)`;

const HONEST = `
import ctypes, fcntl, multiprocessing, os, socket, subprocess, threading
thread = threading.Thread(target=lambda: print('thread', flush=True)); thread.start(); thread.join()
if os.fork() == 0: print('fork', flush=True); os._exit(0)
os.wait()
subprocess.run(['echo', 'process'])
server = socket.create_server(('127.0.0.1', 0)); socket.create_connection(server.getsockname()); print('loopback')
print(*[name for _, name in socket.if_nameindex()])
os.memfd_create('m'); print('memfd')
multiprocessing.Lock(); print('lock', flush=True)`;

/** What of the files named by its arguments it can open, to write where they can be written. */
const OPENS = `
import os, sys
for path in sys.argv[1:]:
    for mode in (os.O_RDWR, os.O_RDONLY):
        try:
            os.close(os.open(path, mode))
            print(path)
            break
        except OSError: pass`;

/** Its output, by a socket whose other end the worker has and never reads: that of its input. */
const HANDS_ON = `
import array, socket
with socket.socket(fileno=0) as stdin:
    for number in (1, 2):
        stdin.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [number]))])
    print('handed on', flush=True)`;

/** getpid as a program of 32 bits asks for it. */
const GATE = `
import ctypes, mmap
code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
code.write(bytes.fromhex('b814000000cd80c3'))
print(ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))())`;

/** Number and description of the session keyring: KEYCTL_GET_KEYRING_ID and KEYCTL_DESCRIBE of KEY_SPEC_SESSION_KEYRING. */
const KEYRING = `
import ctypes, sys
libc = ctypes.CDLL(None)
text = ctypes.create_string_buffer(200)
id = libc.syscall(int(sys.argv[1]), 0, -3, 0)
libc.syscall(int(sys.argv[1]), 6, -3, text, len(text))
print(id, text.value.decode())`;

asAnotherUser([fileURLToPath(import.meta.url)], 'what programs need works as ever');
