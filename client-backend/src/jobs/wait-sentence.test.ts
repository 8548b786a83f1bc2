import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StageId, WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import { requirementsOf } from '@parallel-pilot/shared/model/placement.ts';
import type { Requirement } from '@parallel-pilot/shared/model/requirement.ts';
import { lackOfWorker, waitSentence } from './wait-sentence.ts';

const VERSION: Requirement = { key: 'blender.version', op: 'atLeast', value: '5.0' };
const torch: Requirement = { key: 'training.modules', op: 'includes', value: 'torch' };
const none = {
  ...{ notAllowed: 0, disabled: 0, draining: 0, excluded: 0, outOfHours: 0, inUse: 0 },
  lentFrom: null,
};
const names = { chunk: () => 'Round 2, shard 3', worker: () => 'ward-b' };
const wait = {
  stage: 'stg_0000000000' as StageId,
  ordinal: 2,
  worker: 'wrk_0000000000' as WorkerId,
  why: 'away' as const,
};
const TEN_AT_NIGHT = { from: Date.parse('2026-11-22T21:00Z'), timeZone: 'Europe/Berlin' };
const busy = { code: 'busy', fitting: 3, urgent: false, ofTeam: false, ofOthers: false } as const;

test('each reason is one sentence that a user understands', () => {
  const of = (reason: Parameters<typeof waitSentence>[0], kind = 'blender') =>
    waitSentence(reason, kind, names);
  const lacking = (needs: Requirement[], each: boolean, kind?: string) =>
    of({ code: 'lacking', workers: 3, needs, each }, kind);
  const placed = requirementsOf({ pools: ['film', 'shop'], tags: ['fast'], memoryBytes: 16e9 });
  assert.deepEqual(
    [
      of({ code: 'no-worker' }),
      of({ code: 'paused' }),
      lacking([VERSION], true),
      lacking(placed.slice(0, 1), true),
      lacking([...placed, VERSION], false),
      lacking([torch, { key: 'kinds', op: 'includes', value: 'training' }], true, 'training'),
      of({ code: 'limit', of: 'team', most: 4 }),
      of({ code: 'held-back', fitting: 1, ...none, disabled: 1 }),
      of({ code: 'held-back', fitting: 2, ...none, excluded: 2 }),
      of({ code: 'held-back', fitting: 4, ...none, disabled: 1, draining: 2, notAllowed: 1 }),
      of({ code: 'held-back', fitting: 3, ...none, outOfHours: 3, lentFrom: TEN_AT_NIGHT }),
      of({ code: 'held-back', fitting: 2, ...none, outOfHours: 1, inUse: 1 }),
      of({ ...busy, urgent: true }),
      of({ ...busy, fitting: 1, ofOthers: true, ofTeam: true }),
      of({ code: 'gang', fewest: 4, places: 3, free: 1, kept: false }),
      of({ code: 'gang', fewest: 4, places: 6, free: 1, kept: true }),
      of({ code: 'pinned', waits: [wait], more: 0 }),
    ],
    [
      'No worker is connected.',
      'The job is paused.',
      'No connected worker has Blender 5.0 or newer.',
      'No connected worker is in the pool film or shop.',
      'No connected worker is in the pool film or shop, has the tag fast, has 16 GB of memory and has Blender 5.0 or newer at once.',
      'No connected worker has the Python module torch, and none has Python 3 with numpy.',
      'Its team has 4 parts with workers already, as many as it may at once.',
      'The only worker that fits is disabled.',
      'The 2 workers that fit failed at this job too often.',
      'Of the 4 workers that fit, 1 is disabled, 2 finish what they have begun and end and 1 does not work for whoever submitted it.',
      'The 3 workers that fit are lent from Sunday 22:00 (Europe/Berlin) only.',
      'Of the 2 workers that fit, 1 is lent at other hours only and 1 is on a machine that somebody uses.',
      'All 3 workers that fit are busy with more urgent work.',
      'The only worker that fits is busy with work of other teams and other jobs of the team.',
      'It needs 4 places at once, on workers that reach each other: those that are here have 3 altogether.',
      'It needs 4 places at once, on workers that reach each other: 1 of 6 is free now. Room is being made for it.',
      'Round 2, shard 3 waits for the worker ward-b, which is away: only that one has what it works on.',
    ],
  );
  assert.equal(
    lackOfWorker(placed.slice(0, 2), 'blender'),
    'is not in the pool film or shop, lacks the tag fast',
  );
});

test('a script that imports two hundred modules is no page of a sentence', () => {
  const needs = Array.from({ length: 200 }, (_, at) => ({ ...torch, value: `module${at}` }) as Requirement);
  const sentence = waitSentence({ code: 'lacking', workers: 1, needs, each: true }, 'training', names);
  assert.ok(sentence.length < 300, sentence);
  assert.match(sentence, /and 196 more things are asked for\.$/);
});
