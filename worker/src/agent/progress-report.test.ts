import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import { Progress } from '@parallel-pilot/shared/protocol/workers.ts';
import { until } from '../../../tests/support/until.ts';
import { ProgressReport } from './progress-report.ts';

const A = 'lse_00000001' as LeaseId;
const B = 'lse_00000002' as LeaseId;

function report(logEveryMs = 20) {
  const sent: Progress[] = [];
  const made = new ProgressReport(
    (message) => sent.push(Progress.parse(JSON.parse(JSON.stringify(message)))),
    { everyMs: 1, logEveryMs },
  );
  return {
    made,
    sent,
    next: (count: number) => until(() => sent[count - 1], 'nothing was sent'),
  };
}

test('the last measured values go with the progress until others are measured; without any there are none', async () => {
  const { made, next } = report();
  made.note(A, { fraction: 0.2, detail: 'Epoch 1', values: { loss: 0.5 } });
  made.note(B, { fraction: 0.1, detail: 'Sample 1/4' });
  assert.deepEqual((await next(1)).chunks, [
    { lease: A, fraction: 0.2, detail: 'Epoch 1', values: { loss: 0.5 } },
    { lease: B, fraction: 0.1, detail: 'Sample 1/4' },
  ]);
  made.note(A, { fraction: 0.1, detail: 'Epoch 1' });
  assert.deepEqual((await next(2)).chunks, [
    { lease: A, fraction: 0.2, detail: 'Epoch 1', values: { loss: 0.5 } },
  ]);
  made.note(A, { fraction: 0.3, detail: 'Epoch 2', values: { accuracy: 0.9 } });
  assert.deepEqual((await next(3)).chunks[0]?.values, { accuracy: 0.9 });
  made.close();
});

test('values the protocol does not take are left out, and the report goes through', async () => {
  const { made, next } = report();
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`value ${i}`, i]));
  made.note(A, {
    fraction: 1,
    detail: '',
    values: { loss: Number.NaN, rate: Number.POSITIVE_INFINITY, '': 1, ['x'.repeat(33)]: 1, ...many },
  });
  const values = (await next(1)).chunks[0]?.values ?? {};
  assert.deepEqual(values, Object.fromEntries(Object.entries(many).slice(0, 16)));
  made.close();
});

test('what a chunk prints goes along when it is news, its last lines alone', async () => {
  const { made, sent, next } = report();
  made.note(A, { fraction: 0, detail: '', log: `${'early\n'.repeat(1_000)}\u001b]52;c;last\n` });
  const first = (await next(1)).chunks[0]?.log ?? '';
  assert.ok(first.length <= 2_000 && first.endsWith('early\n]52;c;last\n'), first.slice(-40));
  made.note(A, { fraction: 0.1, detail: '' });
  assert.deepEqual((await next(2)).chunks, [{ lease: A, fraction: 0.1, detail: '' }]);
  for (let line = 0; line < 50; line += 1) made.note(A, { fraction: 0.2, detail: '', log: `line ${line}\n` });
  await until(() => sent.some(({ chunks }) => chunks[0]?.log === 'line 49\n'), 'the last line never came');
  made.close();
});

test('what is printed without end does not go along with every report', async () => {
  const { made, next } = report(60_000);
  made.note(A, { fraction: 0, detail: '', log: 'one\n' });
  assert.equal((await next(1)).chunks[0]?.log, 'one\n');
  made.note(A, { fraction: 0.1, detail: '', log: 'one\ntwo\n' });
  assert.deepEqual((await next(2)).chunks, [{ lease: A, fraction: 0.1, detail: '' }]);
  made.close();
});
