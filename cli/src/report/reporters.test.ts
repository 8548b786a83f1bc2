import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderPresenter } from '../kinds/blender/presenter.ts';
import type { RunEvent } from './events.ts';
import { jsonReporter, lineReporter } from './reporters.ts';

test('a log gets a line for every frame, and none for progress', () => {
  const written: string[] = [];
  const reporter = lineReporter((text) => written.push(text), renderPresenter);
  reporter.report({ event: 'save.progress', saved: 1, total: 2 });
  reporter.report({ event: 'frame.done', frame: 12, worker: 'studio-1', done: 3, total: 6 });
  reporter.report({
    event: 'job.note',
    job: 'job_1',
    level: 'warning',
    code: 'file-missing',
    message: 'No sky.png.',
  });
  assert.deepEqual(written, ['Frame 12 done by studio-1 (3 of 6)\n', 'Warning: No sky.png.\n']);
});

test('JSON comes one event a line, progress at most once a second', () => {
  const written: string[] = [];
  let now = 0;
  const reporter = jsonReporter(
    (text) => written.push(text),
    () => now,
  );
  const saving = (saved: number): RunEvent => ({ event: 'save.progress', saved, total: 9 });
  reporter.report(saving(1));
  now = 500;
  reporter.report(saving(2));
  reporter.report({ event: 'server.lost', url: 'http://farm' });
  now = 1_000;
  reporter.report(saving(3));
  assert.deepEqual(
    written.map((line) => JSON.parse(line)),
    [
      { time: '1970-01-01T00:00:00.000Z', event: 'save.progress', saved: 1, total: 9 },
      { time: '1970-01-01T00:00:00.500Z', event: 'server.lost', url: 'http://farm' },
      { time: '1970-01-01T00:00:01.000Z', event: 'save.progress', saved: 3, total: 9 },
    ],
  );
});
