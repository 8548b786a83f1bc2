import assert from 'node:assert/strict';
import { type ExecFileException, execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Announcement, recordsOf } from '@parallel-pilot/shared/protocol/discovery.ts';
import multicastDns, { type MulticastDNS } from 'multicast-dns';
import { findFarms } from '../../cli/src/discovery/find-farms.ts';
import { freePort } from '../../load-balancer/tests/support/balancer-process.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';

const PILOT = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));
const own = Object.values(networkInterfaces())
  .flatMap((found) => found ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
const skip = own === undefined && 'this machine has no network beside loopback';
const host = own ?? '';

describe('a real load balancer on the own network', { skip }, () => {
  let folder: string;
  let farm: ServerProcess;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pilot-found-'));
    farm = await startServer('load-balancer', { PILOT_HOST: host });
  });
  after(async () => {
    await farm?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const worker = (env: Record<string, string>) =>
    pilot(['worker', '--worker-data', join(folder, 'worker'), '--name', 'seeker'], env);

  test('is found by `pilot worker`, which sends its token to nobody whom no person has chosen', async () => {
    let called = 0;
    const listener = createServer(() => (called += 1)).listen(0, host);
    await once(listener, 'listening');
    const { port } = listener.address() as { port: number };
    const rogue = await rogueWith({ name: 'rogue', port, addresses: [host], network: null });
    try {
      const { code, said } = await worker({ PILOT_TOKEN: 'a-token-that-stays-here' });
      assert.equal(code, 1, said);
      assert.match(said, new RegExp(`--join http://${host}:${farm.port} `.replaceAll('.', '\\.')));
      assert.ok(said.includes(`http://${host}:${port}  (rogue)`), said);
      assert.match(said, /anything on the network can answer/);
      assert.equal(called, 0);
    } finally {
      rogue.destroy();
      listener.close();
    }
  });

  test('is gone back to without a question by a worker that it knows', async () => {
    await mkdir(join(folder, 'worker'), { recursive: true, mode: 0o700 });
    const kept = { [`http://${host}:${farm.port}`]: `pilot_worker_${'x'.repeat(43)}` };
    await writeFile(join(folder, 'worker', 'credentials.json'), JSON.stringify(kept), { mode: 0o600 });
    const { said } = await worker({ PILOT_BLENDER: '/bin/false' });
    assert.ok(said.includes(`Joining the farm at http://${host}:${farm.port} again.`), said);
    // That farm has never given it one, and says so: it was reached.
    assert.match(said, /The farm refused this worker/);
  });

  test('tells the network nothing where that is switched off, or others do not reach it', async () => {
    const quiet = await startServer('load-balancer', { PILOT_HOST: host, PILOT_ANNOUNCE: '0' });
    const alone = await startServer('load-balancer', { PILOT_HOST: '127.0.0.1' });
    try {
      const ports = (await findFarms({ withinMs: 1_500 })).map(({ url }) => Number(new URL(url).port));
      assert.ok(ports.includes(farm.port), `only ${ports}`);
      assert.ok(!ports.includes(quiet.port) && !ports.includes(alone.port), `${ports}`);
    } finally {
      await quiet.stop();
      await alone.stop();
    }
  });

  test('answers on, whatever is sent to its port', async () => {
    const socket = createSocket('udp4');
    const garbage = [Buffer.alloc(0), Buffer.alloc(9_000, 0xc0), Buffer.from('ffff'.repeat(500), 'hex')];
    // A header that promises 65,535 questions, and one whose name points to itself.
    garbage.push(
      Buffer.from('00000000ffff000000000000', 'hex'),
      Buffer.from('000000000001000000000000c00c000c0001', 'hex'),
    );
    for (const bytes of garbage)
      await new Promise((resolve) => socket.send(bytes, 5353, '224.0.0.251', resolve));
    socket.close();
    const urls = (await findFarms({ withinMs: 1_500 })).map(({ url }) => url);
    assert.ok(urls.includes(`http://${host}:${farm.port}`), `${urls}`);
    assert.doesNotMatch(await farm.log(), /farm\.not-announced/);
  });
});

test('a farm of the same name hides no other, what answers say is harmless, and no more is kept than can be asked', async () => {
  // A port of its own: what is tried here would be seen by every worker of this network.
  const udpPort = await freePort();
  const evil = '\u001b]52;c;cGF5\u0007\u202eEVIL\n';
  const farms: Announcement[] = [
    { name: 'studio', port: 3001, addresses: ['127.0.0.1'], network: null },
    { name: 'studio', port: 4001, addresses: ['127.0.0.1'], network: null },
    { name: evil, port: 4002, addresses: ['127.0.0.1'], network: null },
  ];
  const few = await rogueWith(farms, udpPort);
  try {
    const found = await findFarms({ withinMs: 1_000, udpPort });
    const ports = found.map(({ url }) => new URL(url).port);
    assert.deepEqual(ports, ['3001', '4001', '4002']);
    assert.doesNotMatch(JSON.stringify(found.map(({ name }) => name)), /\\u001b|\\u0007|\u202e|\\n/);
  } finally {
    few.destroy();
  }
  const many = await rogueWith(
    Array.from({ length: 100 }, (_, i) => ({ ...(farms[0] as Announcement), port: 10_000 + i })),
    udpPort,
  );
  try {
    assert.equal((await findFarms({ withinMs: 1_000, udpPort })).length, 20);
  } finally {
    many.destroy();
  }
});

/** Answers every question of its network with these farms. */
async function rogueWith(farms: Announcement | Announcement[], udpPort = 5353): Promise<MulticastDNS> {
  const mdns = multicastDns({ port: udpPort });
  mdns.on('query', () => {
    for (const farm of [farms].flat()) mdns.respond({ answers: recordsOf(farm) });
  });
  await once(mdns, 'ready');
  return mdns;
}

function pilot(args: string[], env: Record<string, string>): Promise<{ code: number; said: string }> {
  return new Promise((resolve) => {
    const rest = Object.entries(process.env).filter(([name]) => !name.startsWith('PILOT_'));
    const options = { env: { ...Object.fromEntries(rest), ...env }, timeout: 60_000 };
    execFile(process.execPath, [PILOT, ...args], options, (error: ExecFileException | null, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), said: `${out}${err}` }),
    ).stdin?.end();
  });
}
