import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { renderPresenter } from '../kinds/blender/presenter.ts';
import { widthOf } from '../text/columns.ts';
import type { RunEvent } from './events.ts';
import { screenLines } from './screen-lines.ts';
import { afterEvent, openingScreen } from './screen-model.ts';

const look = { width: 79, colour: false, rows: 16 };

const progress = (fields: Partial<Extract<RunEvent, { event: 'job.progress' }>> = {}): RunEvent => ({
  event: 'job.progress',
  job: 'job_00000000000000000000',
  state: 'running',
  stage: 'render',
  done: 18,
  failed: 0,
  total: 48,
  fraction: 0.375,
  eta_seconds: 51,
  backgroundFraction: null,
  workers: [
    { name: 'studio-2', label: 'Frame 20', fraction: 0.25, detail: 'sample 16/64' },
    { name: 'studio-1', label: 'Frame 19', fraction: 0.5, detail: 'sample 32/64' },
  ],
  ...fields,
});

const screenAfter = (events: RunEvent[], now = 32_000) => {
  const model = events.reduce((before, event) => afterEvent(before, event, 20_000), openingScreen(0));
  return { lines: (width = 79) => screenLines(model, renderPresenter, now, { ...look, width }) };
};

describe('the screen of a render', () => {
  test('shows the whole and each worker by name, frame and sample', () => {
    assert.deepEqual(screenAfter([progress()]).lines(), [
      'Rendering  ━━━━━━━━━━────────────────  39 %  18/48 frames · 0:32 · 0:39 left',
      '  studio-1  ━━━━━━━━━━━━╸────────────  Frame 19 · sample 32/64',
      '  studio-2  ━━━━━━╸──────────────────  Frame 20 · sample 16/64',
    ]);
  });

  test('keeps a worker that waits in its place', () => {
    const one = progress({ workers: [{ name: 'studio-2', label: 'Frame 48', fraction: 0.5, detail: '' }] });
    const [, first, second] = screenAfter([progress(), one]).lines();
    assert.match(first ?? '', /studio-1 .* waiting$/);
    assert.match(second ?? '', /studio-2 .* Frame 48$/);
  });

  test('fits any width', () => {
    for (const width of [30, 45, 60, 79, 120, 240]) {
      for (const line of screenAfter([progress()]).lines(width)) {
        assert.ok(widthOf(line) <= width, `${widthOf(line)} > ${width}: ${line}`);
      }
    }
  });

  test('says when the farm does not answer, and goes on when it does', () => {
    const lost: RunEvent = { event: 'server.lost', url: 'http://farm:3000' };
    const back: RunEvent = { event: 'server.back', url: 'http://farm:3000' };
    assert.match(
      screenAfter([progress(), lost]).lines()[0] ?? '',
      /Waiting for the farm at http:\/\/farm:3000/,
    );
    assert.match(screenAfter([progress(), lost, back]).lines()[0] ?? '', /^Rendering/);
  });

  test('shows an upload with its speed, the assembly, and the saving', () => {
    const upload: RunEvent = {
      event: 'upload.progress',
      file: 'a.blend',
      sent: 5 * 1024 ** 2,
      total: 10 * 1024 ** 2,
    };
    assert.match(screenAfter([upload], 22_000).lines()[0] ?? '', /50 % {2}5\.0 MB of 10 MB · 2\.5 MB\/s$/);
    const assembling = progress({ state: 'assembling', backgroundFraction: 0.4, workers: [] });
    assert.match(screenAfter([assembling]).lines()[0] ?? '', /^Putting together .* 40 %/);
    const saving: RunEvent = { event: 'save.progress', saved: 3, total: 6 };
    assert.match(
      screenAfter([progress({ state: 'completed', workers: [] }), saving]).lines()[0] ?? '',
      /^Saving .* 50 % {2}3\/6 files$/,
    );
  });
});
