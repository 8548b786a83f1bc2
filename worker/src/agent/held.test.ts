import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import type { Asked } from '@parallel-pilot/shared/model/resources.ts';
import type { Assign } from '@parallel-pilot/shared/protocol/workers.ts';
import { answerAssign, answerReclaim, chooseNext, EndedLeases, type Held, type Phase } from './held.ts';

const leaseOf = (n: number) => LeaseId.parse(`lse_0000000${n}`);
const assignOf = (affinity: string, asked: Asked = {}) => ({ affinity, asked }) as Assign;

function held(...phases: Phase[]): Map<LeaseId, Held> {
  return new Map(
    phases.map((phase, n) => [leaseOf(n), { lease: leaseOf(n), stop: new AbortController(), phase }]),
  );
}

const ready = (affinity: string, asked: Asked = {}, since = 0): Phase => ({
  at: 'ready',
  assign: assignOf(affinity, asked),
  since,
  places: { ok: true, inputs: '', outputs: '', release() {} },
});
const fetching: Phase = { at: 'fetching', assign: assignOf('a') };
const preemption = { notice: new AbortController(), halt: new AbortController() };
const running: Phase = { at: 'running', assign: assignOf('a'), slot: 0, preemption };
const delivering: Phase = { at: 'delivering' };
const none = new Set<LeaseId>();

test('a slot prefers what it has open, then what no other slot has open, then the oldest', () => {
  const all = held(fetching, ready('a'), ready('b'), ready('c'));
  const choose = (from: typeof all, open: string | null, openElsewhere: string[]) =>
    chooseNext(from, { open, openElsewhere }, () => true, 0)?.lease;
  assert.equal(choose(all, 'c', []), leaseOf(3));
  assert.equal(choose(all, null, ['a']), leaseOf(2));
  assert.equal(choose(all, null, ['a', 'b', 'c']), leaseOf(1));
  assert.equal(choose(held(fetching, running, delivering), 'a', []), undefined);
});

test('a chunk that has no room is passed over for a while, and then nothing begins before it', () => {
  const all = held(ready('a'), ready('b', { memoryBytes: 6 }, 1_000), ready('c'), ready('d'));
  const choose = (now: number, open: string) =>
    chooseNext(all, { open, openElsewhere: [] }, ({ memoryBytes = 0 }) => memoryBytes < 5, now)?.lease;
  assert.equal(choose(2_000, 'c'), leaseOf(2));
  assert.equal(choose(2_000, 'b'), leaseOf(0));
  assert.equal(choose(40_000, 'c'), leaseOf(0));
  all.delete(leaseOf(0));
  assert.equal(choose(2_000, 'c'), leaseOf(2));
  assert.equal(choose(40_000, 'c'), undefined);
});

test('results under way do not count as work held, until there are far too many', () => {
  const worker = { slots: 1, mode: 'working', diskFull: false } as const;
  const ask = (...phases: Phase[]) => answerAssign(held(...phases), none, leaseOf(999), worker);
  assert.deepEqual(ask(running, delivering, delivering), { reply: { ok: true }, take: true });
  const most = Array.from({ length: 24 }, () => fetching);
  assert.equal(ask(running, ...most.slice(1)).take, true);
  const full = ask(running, ...most);
  assert.equal(full.reply.ok ? 'ok' : full.reply.code, 'busy');
  assert.equal(full.take, false);
  assert.equal(ask(...Array.from({ length: 128 }, () => delivering)).take, false);
});

test('a worker whose disk is full takes nothing, and knows what it has already', () => {
  const worker = { slots: 1, mode: 'working', diskFull: true } as const;
  const { reply, take } = answerAssign(held(), none, leaseOf(999), worker);
  assert.deepEqual([reply.ok ? 'ok' : reply.code, take], ['busy', false]);
  assert.deepEqual(answerAssign(held(running), none, leaseOf(0), worker), {
    reply: { ok: true },
    take: false,
  });
});

test('only what has not started can be taken back', () => {
  for (const phase of [fetching, ready('a')]) {
    assert.deepEqual(answerReclaim(held(phase), none, leaseOf(0)), { reply: { ok: true }, drop: true });
  }
  for (const phase of [running, delivering]) {
    const { reply, drop } = answerReclaim(held(phase), none, leaseOf(0));
    assert.deepEqual([reply.ok ? 'ok' : reply.code, drop], ['already-started', false]);
  }
  assert.deepEqual(answerReclaim(held(), none, leaseOf(0)), { reply: { ok: true }, drop: false });
});

test('the leases that ended are remembered up to a number', () => {
  const ended = new EndedLeases(2);
  for (const n of [1, 2, 3]) ended.add(leaseOf(n));
  assert.deepEqual([...ended.all], [leaseOf(2), leaseOf(3)]);
});
