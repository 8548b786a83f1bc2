import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { ChunkId } from '@parallel-pilot/shared/model/ids.ts';
import { besideCheck, progressOfBoth } from './beside-check.ts';

const BAD = [{ chunk: 'chu_00000000' as ChunkId, message: 'Frame 1: is damaged.' }];
const untilStopped = async (stop: AbortSignal): Promise<never> => {
  if (!stop.aborted) await once(stop, 'abort');
  throw new Error('stopped');
};

test('a bad frame stops the video and is what is told, also where the video failed by it', async () => {
  assert.deepEqual(await besideCheck(async () => BAD, untilStopped), { outcome: 'redo', chunks: BAD });
  let endCheck = (_: typeof BAD): void => {};
  const check = () =>
    new Promise<typeof BAD>((resolve) => {
      endCheck = resolve;
    });
  const ended = besideCheck(check, async () => {
    throw new Error('ffmpeg met the bad frame first');
  });
  endCheck(BAD);
  assert.deepEqual(await ended, { outcome: 'redo', chunks: BAD });
});

test('what is made counts once the check is over, and so does what it failed with', async () => {
  assert.equal(
    await besideCheck(
      async () => [],
      async () => 'video.mp4',
    ),
    'video.mp4',
  );
  await assert.rejects(
    besideCheck(
      async () => [],
      async () => {
        throw new Error('no ffmpeg');
      },
    ),
    /no ffmpeg/,
  );
});

test('a check that cannot be done stops the video, and both have ended when that is told', async () => {
  let isOver = false;
  const make = (stop: AbortSignal) =>
    untilStopped(stop).finally(() => {
      isOver = true;
    });
  await assert.rejects(
    besideCheck(async () => {
      throw new Error('the store is away');
    }, make),
    /the store is away/,
  );
  assert.equal(isOver, true);
});

test('the bar is full when both are', () => {
  const told: number[] = [];
  const progress = progressOfBoth(0.25, (fraction) => told.push(fraction));
  progress.made(0.5);
  progress.checked(1);
  progress.made(1);
  assert.deepEqual(told, [0.375, 0.625, 1]);
});
