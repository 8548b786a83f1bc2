import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Hello } from '@parallel-pilot/shared/protocol/workers.ts';
import {
  JOB_ID,
  refusal,
  sampleJob,
  sampleStates,
  startSmallFarm,
} from '../../cli/src/fixtures/small-farm.ts';

const PILOT = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));
const WORKER_LOG = fileURLToPath(new URL('../../worker/src/log.ts', import.meta.url));
const SERVER_LOG = fileURLToPath(new URL('../../shared/src/server/log.ts', import.meta.url));

/** Writes the clipboard, clears the screen in three ways, hides what stands before it, and turns the rest around. */
const EVIL = '\u001b]52;c;cGF5\u0007\u001b[31337m\u009b31337m\u0090q\u009c\r\b\u007f\u0000\u202eEVIL\u2066';

const HOSTILE_JOB = {
  name: EVIL,
  problem: { code: EVIL, message: EVIL },
  notes: [{ at: 1, level: 'warning', code: EVIL, message: EVIL }],
  progress: [
    {
      worker: 'wrk_00000000',
      workerName: `${EVIL}\nforged line`,
      ordinal: 0,
      label: EVIL,
      fraction: 0.5,
      detail: EVIL,
      values: { [EVIL.slice(0, 32)]: 1 },
    },
  ],
};
const WORKER = {
  id: 'wrk_00000000',
  name: EVIL,
  status: 'online',
  slots: 1,
  offer: { threads: 1, memoryBytes: 1, diskBytes: 1, gpus: [], counts: {} },
  used: null,
  lent: null,
  lending: null,
  capabilities: { 'blender.version': EVIL },
  machine: { os: EVIL, cpus: 1, memoryBytes: 1 },
  load: null,
  connectedAt: 1,
  lastSeenAt: 1,
  label: EVIL,
  lender: null,
  worksFor: 'everyone',
  sandboxed: true,
  disabled: false,
  tags: [EVIL],
  pools: [EVIL],
  atStart: null,
  note: EVIL,
  mine: true,
  ofTeam: true,
  mayChange: true,
  chunksDone: 0,
  chunksFailed: 0,
  running: [{ chunk: 'stg_00000000.0', job: JOB_ID, jobName: EVIL, label: EVIL, fraction: 0, detail: EVIL }],
};

/** Nothing of it reaches the terminal that the terminal executes; the words that it stood among do. */
function isHarmless(what: string, bytes: string): void {
  assert.match(bytes, /EVIL/, `${what}: nothing of it was printed`);
  const executed = bytes.match(/(?![\n\t\r])\p{Cc}.{0,12}|[\u202a-\u202e\u2066-\u2069]/gu) ?? [];
  assert.deepEqual(
    executed.filter((it) => !isOwn(it)).map((it) => JSON.stringify(it)),
    [],
    what,
  );
}

/** A colour, or a movement of the cursor: what pilot itself sends to a terminal. */
const isOwn = (sequence: string): boolean => sequence.startsWith('\u001b[') && !sequence.includes('31337');

// A terminal of its own, of which the test sees every byte.
const IN_TERMINAL = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';

describe('what others wrote, printed by pilot', () => {
  let farm: Awaited<ReturnType<typeof startSmallFarm>>;
  let state = 'running';
  let asked = 0;
  before(async () => {
    farm = await startSmallFarm(({ method, path }) => {
      const job = sampleJob({ ...HOSTILE_JOB, state });
      if (method === 'POST') return refusal(409, 'no', EVIL);
      if (path.startsWith('/api/v1/jobs?'))
        return { body: { jobs: [job], next: null, total: 1, states: {} } };
      if (path === '/api/v1/workers') return { body: { workers: [WORKER] } };
      if (path.endsWith('/log'))
        return { body: { notes: job.notes, failures: [{ label: EVIL, log: EVIL }] } };
      if (path.includes('/states')) return { body: sampleStates('rqq') };
      if (path !== `/api/v1/jobs/${JOB_ID}`) return null;
      asked += 1;
      if (asked > 4) state = 'failed';
      return { body: job };
    });
  });
  after(() => farm.stop());

  async function pilot(args: string[], terminal: boolean): Promise<string> {
    const command = [process.execPath, PILOT, ...args, '--server', farm.url];
    const [program = '', ...rest] = terminal ? ['/usr/bin/python3', '-c', IN_TERMINAL, ...command] : command;
    const env = { PATH: '/usr/bin:/bin', TERM: 'xterm', HOME: '/nonexistent', PILOT_DEBUG: '' };
    const run = promisify(execFile)(program, rest, { env, timeout: 60_000, encoding: 'latin1' });
    const { stdout, stderr } = await run.catch((error) => error);
    return Buffer.from(stdout + stderr, 'latin1').toString('utf8');
  }

  const commands = [['jobs'], ['job', JOB_ID], ['logs', JOB_ID], ['workers'], ['pause', JOB_ID]];
  for (const command of commands) {
    test(command[0] ?? '', async () => {
      isHarmless('in a pipe', await pilot(command, false));
      isHarmless('as JSON', await pilot([...command, '--json'], false));
      state = 'running';
      asked = 0;
    });
  }

  for (const [how, args, terminal] of [
    ['with bars, in a terminal', [], true],
    ['line by line', [], false],
    ['as JSON', ['--json'], false],
  ] as const) {
    test(`job --follow ${how}`, async () => {
      state = 'running';
      asked = 0;
      isHarmless(how, await pilot(['job', JOB_ID, '--follow', ...args], terminal));
    });
  }
});

for (const [what, lines] of [
  ['of a worker, for a person', `createWorkerLog({ name: 'w', level: 'info', readable: true })`],
  ['of a worker, as JSON', `createWorkerLog({ name: 'w', level: 'info', readable: false })`],
  ['of a server', `createLog('s', 'info')`],
]) {
  test(`the log ${what}`, async () => {
    const script = `
      import { createWorkerLog } from ${JSON.stringify(WORKER_LOG)};
      import { createLog } from ${JSON.stringify(SERVER_LOG)};
      const evil = ${JSON.stringify(EVIL)};
      ${lines}.warn({ event: 'test', [evil]: evil, err: new Error(evil) }, evil);
    `;
    const run = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    isHarmless(String(what), run.stderr);
  });
}

test('the name that a worker gives itself is one line of what can be shown', () => {
  const hello = {
    worker: 'wrk_00000000',
    identity: '0123456789abcdef',
    instance: '0123456789abcdef',
    name: `studio${EVIL}\nnine`,
    slots: 1,
    offer: { threads: 1, memoryBytes: 1, diskBytes: 1, gpus: [], counts: {} },
    capabilities: {},
    machine: { os: 'Linux', cpus: 1, memoryBytes: 1 },
    blobs: [],
    leases: [],
  };
  isHarmless('a name', Hello.parse(hello).name);
  assert.doesNotMatch(Hello.parse(hello).name, /\n/);
  assert.equal(Hello.safeParse({ ...hello, name: '\u001b\u0007' }).success, false);
});
