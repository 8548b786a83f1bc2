import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect as connectPlain, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { connect } from 'node:tls';
import { detectSandbox } from '@parallel-pilot/sandbox/detect.ts';
import { createGang } from '../../worker/src/gang/gang.fixture.ts';
import { SOCKET } from '../../worker/src/gang/gang-link.ts';
import { call } from '../../worker/src/gang/gang-port.ts';
import { createRig, done } from '../../worker/src/kinds/training/fixtures/rig.ts';

const NEVER = new AbortController().signal;

describe('who knows no secret of a gang', () => {
  test('gets no further than the handshake: with a wrong key, for a lease of another gang, as the member itself, without TLS', async () => {
    const [ours, theirs] = [await createGang(2), await createGang(2)];
    const folder = await mkdtemp(join(tmpdir(), 'pilot-gang-'));
    const [first, second] = ours.places as [(typeof ours.places)[0], (typeof ours.places)[0]];
    const link = await ours.members[0]?.open(folder);
    const { port } = first.port.address;
    const to = { rank: 0, host: '127.0.0.1', port, inside: 1 };
    try {
      const good = await call(second.place, to, NEVER);
      good.destroy();
      const forged = { ...second.place, secret: theirs.secret };
      await assert.rejects(call(forged, to, NEVER));
      const other = theirs.places[1]?.place;
      assert.ok(other);
      await assert.rejects(call(other, to, NEVER), 'with a secret that is good elsewhere');
      await assert.rejects(call(first.place, to, NEVER), 'as the one that is called');
      const unknown = { ...second.place, rank: 7 };
      await assert.rejects(call(unknown, to, NEVER), 'as a rank that there is not');
      const bare = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
      await assert.rejects(once(bare, 'secureConnect'), 'without a key');
      const plain = connectPlain(port, '127.0.0.1').on('error', () => {});
      plain.write('80\nGET / HTTP/1.1\n\n');
      await once(plain, 'close');
    } finally {
      await link?.close();
      await assert.rejects(call(second.place, to, NEVER), 'when the member is gone');
      ours.close();
      theirs.close();
      await rm(folder, { recursive: true });
    }
  });

  test('a box that names no member, or itself, or no port, is not connected to anything', async () => {
    const gang = await createGang(2);
    const folder = await mkdtemp(join(tmpdir(), 'pilot-gang-'));
    const link = await gang.members[0]?.open(folder);
    try {
      for (const line of [
        'to 0 80\n',
        'to 2 80\n',
        'to 1 0\n',
        'to 1 99999\n',
        'to 127.0.0.1 80\n',
        'x'.repeat(99),
      ]) {
        const box = connectPlain(join(folder, SOCKET)).on('error', () => {});
        box.write(line);
        await once(box, 'close');
      }
    } finally {
      await link?.close();
      gang.close();
      await rm(folder, { recursive: true });
    }
  });
});

test('a script in a gang reaches nothing of its machine by its addresses, and cannot put another socket in the place of its own', async (t) => {
  const sandbox = await detectSandbox();
  if (sandbox.level === 'none') return t.skip('There is no sandbox here, and without one no gang.');
  const target = createServer((socket) => socket.end('secret')).listen(0, '0.0.0.0');
  await once(target, 'listening');
  const { port } = target.address() as AddressInfo;
  const rig = await createRig(sandbox);
  const gang = await createGang(1);
  const script = `
import os, socket
import numpy as np
import pilot
start = pilot.weights({"w": np.zeros(1)})
reached = 0
for host in ["127.0.0.1", "127.0.1.1", "127.0.1.2", "10.0.0.1", "0.0.0.0"]:
    try:
        socket.create_connection((host, ${port}), 1)
        reached += 1
    except OSError:
        pass
changed = 0
for change in (os.unlink, lambda path: os.symlink("/run/other", path + "2"), lambda path: os.rename(path, path + "3")):
    try:
        change("/job/in/${SOCKET}")
        changed += 1
    except OSError:
        pass
there = float(os.path.exists("/job/in/${SOCKET}"))
seen = float(any("secret" in name.lower() or "${gang.secret}" in value for name, value in os.environ.items()))
pilot._run.gang.finish = lambda: None
pilot.finish(start, samples=1, metrics={"reached": reached, "changed": changed, "there": there, "seen": seen})
`;
  try {
    const data = join(rig.root, 'data.npz');
    await rig.python(`np.savez(${JSON.stringify(data)}, X=np.zeros((2, 1)))`);
    const weights = join((await rig.initialize(script, data)).outputs, 'weights.npz');
    const [member] = gang.members;
    assert.ok(member);
    const ran = await rig.train(script, { data, weights }, { gang: member });
    assert.deepEqual(done(ran).metrics, { reached: 0, changed: 0, there: 1, seen: 0 });
  } finally {
    gang.close();
    target.close();
    await rig.close();
  }
});
