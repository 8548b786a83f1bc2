import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { isSandboxed } from '@parallel-pilot/shared/model/requirement.ts';
import pino from 'pino';
import { fakeKind } from './fixtures/fake-kind.ts';
import { TestWorld } from './fixtures/test-worker.ts';

test('a worker without a sandbox does not start unless it is told to', async (t) => {
  const world = await TestWorld.make(t);
  const sandbox = { level: 'none', reason: 'It needs Linux.' } as const;
  const { ended } = world.start({ PILOT_UNSANDBOXED: '0' }, [fakeKind()], { sandbox });
  const { code, message } = await ended;
  assert.equal(code, 1);
  assert.match(message, /It needs Linux\. .* start it with --unsandboxed \(or PILOT_UNSANDBOXED=1\)/);
  assert.equal(world.farm.all('hello').length, 0);
});

test('a worker without a sandbox that may work tells the farm, and its owner why', async (t) => {
  const world = await TestWorld.make(t);
  const lines: string[] = [];
  const log = pino(
    new Writable({
      write(chunk, _, done) {
        lines.push(String(chunk));
        done();
      },
    }),
  );
  const reason = 'bubblewrap is not installed (on Debian or Ubuntu: apt install bubblewrap).';
  // What a kind found out says nothing of that, whatever it says.
  const kind = { ...fakeKind(), detect: async () => ({ fake: true, sandbox: 'bubblewrap' }) };
  world.start({}, [kind], { sandbox: { level: 'none', reason }, log });
  const hello = await world.farm.heard('hello');
  assert.equal(hello.capabilities.sandbox, 'none');
  const said = lines.filter((line) => line.includes('sandbox.none'));
  assert.equal(said.length, 1);
  assert.match(said[0] ?? '', /jobs of its own owner only\. bubblewrap is not installed/);
});

test('a worker in a container of its own starts without a sandbox, and names the container, which is none', async (t) => {
  const world = await TestWorld.make(t);
  const sandbox = { level: 'none', reason: 'No namespaces.' } as const;
  world.start({ PILOT_UNSANDBOXED: '0', PILOT_CONTAINER: '1' }, [fakeKind()], { sandbox });
  const { capabilities } = await world.farm.heard('hello');
  assert.equal(capabilities.sandbox, 'container');
  assert.equal(isSandboxed(capabilities), false);
});
