import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadAdvice } from './load.ts';
import { adviceWords, clockWords, forecastWords } from './load-words.ts';

const at = (day: number, hour: number) => new Date(2026, 0, day, hour).getTime();
const said = (advice: LoadAdvice) => adviceWords({ advice, now: at(5, 18) });

test('advice is a sentence that says who, from when and by when', () => {
  assert.equal(
    said({ type: 'more-workers', workers: 2, from: at(5, 22), by: at(6, 6), endsAt: at(6, 14) }),
    'What waits is expected to be done by tomorrow 14:00. Two more workers from 22:00 would end the queue by 06:00.',
  );
  assert.equal(
    said({ type: 'more-workers', workers: 1, from: at(5, 18), by: at(6, 6), endsAt: null }),
    'What waits is not expected to be done within a day. One more worker from 18:00 would end the queue by 06:00.',
  );
  assert.equal(said({ type: 'nothing-waits' }), 'Nothing waits.');
  assert.equal(clockWords(at(6, 2), at(5, 18)), '02:00');
});

test('both errors are told, or what there is not', () => {
  const forecast = {
    from: 'history',
    used: 'lstm',
    days: 14,
    holtWinters: 0.612,
    lstm: 0.5,
    madeAt: 1,
  } as const;
  const network = { job: 'network', takenAt: 1 };
  const [both, none, short] = [
    forecastWords({ forecast, network }),
    forecastWords({ forecast: { ...forecast, used: 'holt-winters', lstm: null }, network: null }),
    forecastWords({ forecast: { ...forecast, used: 'holt-winters', lstm: null, days: 1 }, network }),
  ];
  assert.match(both, /^By LSTM\. Error over the last 14 days: Holt-Winters 0\.61, LSTM 0\.50\./);
  assert.match(none, /^By Holt-Winters\. .* no LSTM has been learnt on this farm\./);
  assert.match(short, /over the last day: .* the history is too short for the LSTM\./);
});
