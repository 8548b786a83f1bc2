import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { EndOutlook } from '@parallel-pilot/shared/model/end-outlook.ts';
import { CallEnd, callFailed } from '@parallel-pilot/shared/protocol/calls.ts';
import {
  CONTROL_REQUESTS,
  JobEnds,
  StagePatch,
  WaitReasons,
  WorkersPatch,
} from '@parallel-pilot/shared/protocol/control.ts';
import { Watch } from '@parallel-pilot/shared/protocol/live.ts';
import { Reply } from '@parallel-pilot/shared/protocol/refusals.ts';
import { PROTOCOL_VERSION } from '@parallel-pilot/shared/protocol/version.ts';
import {
  BALANCER_MESSAGES,
  Hello,
  Welcome,
  WORKER_MESSAGES,
} from '@parallel-pilot/shared/protocol/workers.ts';
import { createLog } from '@parallel-pilot/shared/server/log.ts';
import fc from 'fast-check';
import { z } from 'zod';
import { asFirst, startTestFarm } from '../../client-backend/src/jobs/test-farm.fixture.ts';
import { connectBalancer } from '../../client-backend/src/live/connect-balancer.ts';
import { createLive } from '../../client-backend/src/live/live-server.ts';
import { type FarmUnderTest, startFarm } from '../../load-balancer/tests/support/farm-under-test.ts';
import { chunkRow } from '../../load-balancer/tests/support/planted.ts';
import { Connection } from '../../worker/src/agent/connection.ts';
import { createWorkerLog } from '../../worker/src/log.ts';
import { hostileTexts, nested } from '../support/hostile-messages.ts';
import { RawSocket, startRawServer } from '../support/raw-socket.ts';
import { until } from '../support/until.ts';

const log = createLog('test', 'silent');
const DEEP = nested(300_000);
/** Frames that are no message of Socket.IO, or none that anybody expects. */
const STRANGE = (namespace: string): string[] => [
  `42${namespace},["error",{"message":"an event of that name ends a careless process"}]`,
  `42${namespace},["__proto__",{}]`,
  `42${namespace},[]`,
  `42${namespace},[7,"an event with a number for a name"]`,
  `43${namespace},99["a reply to no question"]`,
  `44${namespace},{"message":"a refusal"}`,
  `451-${namespace},["done",${DEEP}]`,
  `42${namespace},["done",`,
  `40${namespace},${DEEP}`,
  '40/nobody-serves-this,{}',
  '4',
  '49',
  'b!!!',
];

/** Every text is a property of its own; the same ones at every run. */
async function forEach(
  schema: z.ZodType,
  runs: number,
  seed: number,
  check: (text: string) => Promise<void>,
) {
  await fc.assert(fc.asyncProperty(hostileTexts(schema), check), { numRuns: runs, seed, endOnFailure: true });
}

/** A page has little to say. */
const LONGEST_OF_A_PAGE = 4_000;

/** What a backend is told when it asks for more than that something is done. */
const TOLD: Partial<Record<string, z.ZodType[]>> = {
  'why-waiting': [WaitReasons],
  'foresee-ends': [JobEnds],
  'suppose-job': [EndOutlook],
  call: [CallEnd],
};
const AnyReply = z.union([Reply, CallEnd]);

/** A text that is no JSON or too long makes Socket.IO end the connection, and any other gets its reply. */
function isAnswered(text: string, reply: unknown, schema: z.ZodType, longest = Infinity): void {
  if (reply === null && text.length > longest) return;
  if (reply === null)
    assert.throws(() => JSON.parse(text), `the connection was ended for ${text.slice(0, 300)}`);
  else schema.parse(reply);
}

describe('the load balancer lives on, and answers', () => {
  let farm: FarmUnderTest;
  const open: RawSocket[] = [];
  before(async () => {
    farm = await startFarm();
  });
  after(async () => {
    for (const socket of open) await socket.close();
    await farm.stop();
  });

  async function join(namespace: '/workers' | '/control'): Promise<RawSocket> {
    const token = namespace === '/workers' ? farm.secrets.workerToken : farm.secrets.controlToken;
    const socket = await RawSocket.connect(farm.url, namespace, { protocol: PROTOCOL_VERSION, token });
    open.push(socket);
    return socket;
  }
  async function joinAsWorker(name: string): Promise<RawSocket> {
    const socket = await join('/workers');
    const welcome = Welcome.parse(await socket.ask('hello', JSON.stringify(helloOf(name))));
    assert.ok(welcome.ok);
    return socket;
  }

  test('to a result nested 300,000 deep with a refusal', async () => {
    const socket = await joinAsWorker('deep');
    const done = `{"lease":"lse_00000000","files":[],"busyMs":1,"log":"","result":${DEEP}}`;
    const reply = Reply.parse(await socket.ask('done', done));
    assert.ok(!reply.ok && reply.code === 'invalid-message');
    assert.match(reply.message, /nested/);
  });

  const answered = ['hello', 'done', 'failed', 'preempted', 'released', 'leaving'];
  for (const [event, schema] of Object.entries(WORKER_MESSAGES)) {
    test(`whatever a worker says as "${event}"`, async () => {
      let socket = await joinAsWorker(`says-${event}`);
      await forEach(schema, 40, 1, async (text) => {
        if (!socket.open) socket = await joinAsWorker(`says-${event}`);
        if (!answered.includes(event)) return socket.tell(event, text);
        isAnswered(text, await socket.ask(event, text), event === 'hello' ? Welcome : Reply);
      });
    });
  }

  for (const [event, schema] of Object.entries(CONTROL_REQUESTS)) {
    test(`whatever a backend asks as "${event}"`, async () => {
      let socket = await join('/control');
      await forEach(schema, 40, 2, async (text) => {
        if (!socket.open) socket = await join('/control');
        if (['jobs-changed', 'workers-changed', 'blobs-freed', 'load-forecast'].includes(event))
          return socket.tell(event, text);
        isAnswered(text, await socket.ask(event, text), z.union([Reply, ...(TOLD[event] ?? [])]));
      });
    });
  }

  for (const namespace of ['/workers', '/control'] as const) {
    test(`whatever else comes to ${namespace}`, async () => {
      for (const frame of STRANGE(namespace)) {
        const socket = await join(namespace);
        socket.send(frame);
        socket.send(new Uint8Array([1, 2, 3]));
        await socket.close();
      }
    });
  }

  test('and gives an honest worker its chunk', async () => {
    const { stage } = await farm.plant({ chunks: 1 });
    const worker = farm.worker({ run: async () => ({ log: 'words \u0000 and \ud800' }) });
    await until(
      async () => (await chunkRow(farm.db, stage, 0)).state === 'done',
      () => `the chunk is not done; the worker was welcomed: ${worker.welcome?.ok}`,
    );
    assert.equal(Object.getOwnPropertyDescriptor(Object.prototype, 'polluted'), undefined);
  });
});

describe('the live server of the backend lives on, and answers', () => {
  let url: string;
  let end: () => Promise<void>;
  before(async () => {
    const farm = await startTestFarm();
    const http = createServer().listen(0, '127.0.0.1');
    await once(http, 'listening');
    const live = createLive(http, {
      clock: farm.parts.clock,
      db: farm.parts.db,
      log,
      authorizeRequest: async () => ({ ok: true, principal: asFirst(farm.parts) }),
    });
    url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    end = async () => {
      await live.close();
      http.close();
      http.closeAllConnections();
      await farm.stop();
    };
  });
  after(() => end());

  for (const event of ['watch', 'unwatch']) {
    test(`whatever a page says as "${event}"`, async () => {
      let page = await RawSocket.connect(url, '/live', {});
      await forEach(Watch, 60, 3, async (text) => {
        if (!page.open) page = await RawSocket.connect(url, '/live', {});
        isAnswered(text, await page.ask(event, text), Reply, LONGEST_OF_A_PAGE);
      });
      await page.close();
    });
  }

  test('whatever else a page sends', async () => {
    for (const frame of STRANGE('/live')) {
      const page = await RawSocket.connect(url, '/live', {});
      page.send(frame);
      page.send(new Uint8Array([1, 2, 3]));
      await page.close();
    }
    const page = await RawSocket.connect(url, '/live', {});
    assert.deepEqual(await page.ask('watch', '{"room":"jobs"}'), { ok: true });
    await page.close();
  });
});

test('the backend goes on listening, whatever the balancer says', async () => {
  const balancer = await startRawServer('/control');
  const link = connectBalancer({ url: balancer.url, token: 'a-token', log });
  const heard = { stages: 0, workers: 0 };
  link.listen({
    connected: () => {},
    stagePatch: () => {
      heard.stages += 1;
    },
    workersPatch: () => {
      heard.workers += 1;
    },
  });
  try {
    await until(() => link.connected(), 'it never connected');
    for (const [event, schema] of [
      ['stage-patch', StagePatch],
      ['workers-patch', WorkersPatch],
    ] as const) {
      await forEach(schema, 60, 4, (text) =>
        isJson(text) ? balancer.tell(event, text) : balancer.offend(`2/control,["${event}",${text}]`),
      );
    }
    await balancer.tell('stage-patch', `{"job":"job_00000000","changes":${DEEP}}`);
    const before = heard.workers;
    await balancer.tell('workers-patch', '{"workers":[]}');
    await until(() => heard.workers > before, 'nothing is heard any more');
  } finally {
    link.close();
    await balancer.stop();
  }
});

test('a worker goes on working, and answers, whatever the balancer says', async () => {
  const farm = await startRawServer('/workers', (socket) =>
    socket.on('hello', (_, acknowledge) =>
      acknowledge({ ok: true, drop: [], heartbeatMs: 2_000, backend: { port: 1 } }),
    ),
  );
  const quiet = createWorkerLog({ name: 'worker', level: 'silent', readable: false });
  const ok = (): Reply => ({ ok: true });
  const nothing = () => {};
  const connection = new Connection(
    farm.url,
    () => 'a-token',
    {
      hello: () => Hello.parse(helloOf('listens')),
      ...{ welcomed: nothing, lost: nothing, refused: nothing },
      ...{ assign: ok, reclaim: ok, preempt: ok, revoke: ok, forget: ok, drain: ok, lend: ok },
      call: async () => callFailed('no-instance', 'There is none.'),
      retire: ok,
    },
    quiet,
  );
  connection.open();
  try {
    await connection.whenWelcome();
    for (const [event, schema] of Object.entries(BALANCER_MESSAGES)) {
      // What is no JSON costs it its connection, and half a second until it is back.
      await forEach(schema, 20, 5, async (text) => {
        await connection.whenWelcome();
        if (isJson(text)) AnyReply.parse(await farm.ask(event, text));
        else await farm.offend(`2/workers,["${event}",${text}]`);
      });
    }
    const reply = Reply.parse(await farm.ask('assign', `{"stageSpec":${DEEP}}`));
    assert.ok(!reply.ok && reply.code === 'invalid-message');
  } finally {
    connection.close();
    await farm.stop();
  }
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const helloOf = (name: string) => ({
  worker: `wrk_${name.replace(/[^a-z]/g, '').padEnd(8, '0')}`,
  identity: `the-secret-of-${name}`,
  instance: `the-one-run-of-${name}`,
  offer: { threads: 1, memoryBytes: 1, diskBytes: 1, gpus: [], counts: {} },
  name,
  slots: 1,
  capabilities: {},
  machine: { os: 'Linux', cpus: 1, memoryBytes: 1 },
  blobs: [],
  leases: [],
});
