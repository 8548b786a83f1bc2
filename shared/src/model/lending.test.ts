import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { DAYS, type Hours } from './hours.ts';
import { Lending } from './lending.ts';
import { lentAt, lentOffer, stricter } from './lending-terms.ts';
import type { Offer } from './resources.ts';
import { isWithin, nextChange, parseSpans, spansInWords } from './week-clock.ts';

const HOUR_MS = 3_600_000;
const time = fc
  .tuple(fc.nat(23), fc.nat(59))
  .map((parts) => parts.map((part) => String(part).padStart(2, '0')).join(':'));
const hours: fc.Arbitrary<Hours> = fc.record({
  timeZone: fc.constantFrom(
    'UTC',
    'Europe/Berlin',
    'America/New_York',
    'Asia/Kathmandu',
    'Australia/Lord_Howe',
  ),
  spans: fc.array(
    fc.record(
      {
        days: fc.subarray([...DAYS], { minLength: 1 }),
        from: time,
        to: fc.oneof(time, fc.constant('24:00')),
      },
      { noNullPrototype: true },
    ),
    { minLength: 1, maxLength: 3 },
  ),
});
const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });
const names = fc.subarray(['one', 'two', 'three']);
const lending: fc.Arbitrary<Lending> = fc
  .record({
    threads: maybe(fc.integer({ min: 1, max: 64 })),
    threadsPercent: maybe(fc.integer({ min: 1, max: 100 })),
    memoryBytes: maybe(fc.integer({ min: 1, max: 1e12 })),
    diskBytes: maybe(fc.integer({ min: 0, max: 1e12 })),
    gpus: maybe(names),
    kinds: maybe(names),
    data: maybe(names),
    hours: maybe(fc.array(hours, { maxLength: 2 })),
    onlyIdle: maybe(fc.boolean()),
  })
  .map((all) => Lending.parse(JSON.parse(JSON.stringify(all))));
const offer: fc.Arbitrary<Offer> = fc.record({
  threads: fc.integer({ min: 1, max: 64 }),
  memoryBytes: fc.integer({ min: 0, max: 1e12 }),
  diskBytes: fc.integer({ min: 0, max: 1e12 }),
  gpus: names.map((all) => all.map((name) => ({ name, memoryBytes: null }))),
  counts: fc.constant({}),
});
const isWithinOffer = (a: Offer, b: Offer): boolean =>
  a.threads <= b.threads &&
  a.memoryBytes <= b.memoryBytes &&
  a.diskBytes <= b.diskBytes &&
  a.gpus.every((gpu) => b.gpus.some(({ name }) => name === gpu.name));
/** Of two weeks around the ends of summer time in Europe and America. */
const moment = fc
  .tuple(fc.constantFrom('2026-03-22', '2026-10-20'), fc.nat(14 * 24 * 60))
  .map(([day, minute]) => Date.parse(`${day}T00:00Z`) + minute * 60_000);
const berlin = (text: string): Hours => {
  const parsed = parseSpans(text);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.message);
  return { timeZone: 'Europe/Berlin', spans: parsed.spans };
};

describe('the stricter of two terms', () => {
  test('never offers more than either allows, and all that both allow', () => {
    fc.assert(
      fc.property(lending, lending, offer, fc.integer({ min: 1, max: 64 }), (a, b, all, threads) => {
        const both = lentOffer(stricter(a, b), all, threads);
        for (const one of [a, b]) assert.ok(isWithinOffer(both, lentOffer(one, all, threads)));
        assert.deepEqual(both, lentOffer(b, lentOffer(a, all, threads), threads));
        assert.ok(isWithinOffer(both, all));
      }),
    );
  });

  test('is lent when both are, for what both are', () => {
    fc.assert(
      fc.property(lending, lending, moment, fc.boolean(), (a, b, at, inUse) => {
        const both = stricter(a, b);
        const open = (of: Lending) => lentAt(of, at, inUse).open;
        assert.equal(open(both), open(a) && open(b));
        for (const kind of ['one', 'two', 'three']) {
          const allows = ({ kinds }: Lending) => kinds?.includes(kind) ?? true;
          assert.equal(allows(both), allows(a) && allows(b));
          const lends = ({ data }: Lending) => data?.includes(kind) ?? true;
          assert.equal(lends(both), lends(a) && lends(b));
        }
      }),
      { numRuns: 200 },
    );
  });

  test('does not depend on the order, and adds nothing to itself', () => {
    fc.assert(
      fc.property(lending, lending, offer, (a, b, all) => {
        assert.deepEqual(lentOffer(stricter(a, b), all, 8), lentOffer(stricter(b, a), all, 8));
        assert.deepEqual(stricter(stricter(a, b), b), stricter(a, b));
        assert.deepEqual(stricter({}, stricter(a, a)), stricter(a, a));
      }),
    );
  });
});

describe('hours of the week', () => {
  test('are by the clocks of their time zone, over midnight and the end of the week', () => {
    const nights = berlin('22:00-06:00');
    // 22 November 2026 is a Sunday, an hour ahead of UTC.
    assert.equal(isWithin(nights, Date.parse('2026-11-22T20:59Z')), false);
    assert.equal(isWithin(nights, Date.parse('2026-11-22T21:00Z')), true);
    assert.equal(isWithin(nights, Date.parse('2026-11-23T04:59Z')), true);
    assert.equal(isWithin(nights, Date.parse('2026-11-23T05:00Z')), false);
    assert.equal(isWithin(berlin('sun 22:00-06:00'), Date.parse('2026-11-23T03:00Z')), true);
    assert.equal(isWithin(berlin('mon 22:00-06:00'), Date.parse('2026-11-23T03:00Z')), false);
    assert.equal(isWithin(berlin('weekends'), Date.parse('2026-11-21T23:30Z')), true);
    assert.equal(isWithin(berlin('weekends'), Date.parse('2026-11-22T23:30Z')), false);
  });

  test('are an hour shorter in the night in which clocks are put forward, and longer in the other', () => {
    const nights = berlin('22:00-06:00');
    const length = (from: string) => {
      const opens = nextChange([nights], Date.parse(from));
      const closes = nextChange([nights], Number(opens));
      return (Number(closes) - Number(opens)) / HOUR_MS;
    };
    assert.equal(length('2026-03-27T12:00Z'), 8);
    assert.equal(length('2026-03-28T12:00Z'), 7);
    assert.equal(length('2026-10-24T12:00Z'), 9);
    assert.equal(length('2026-10-25T12:00Z'), 8);
  });

  test('that clocks skip do not come, and what they show twice counts twice', () => {
    const skipped = berlin('02:10-02:50');
    assert.equal(nextChange([skipped], Date.parse('2026-03-28T12:00Z')), Date.parse('2026-03-30T00:10Z'));
    const twice = nextChange([skipped], Date.parse('2026-10-25T00:20Z'));
    assert.equal(twice, Date.parse('2026-10-25T00:50Z'));
    assert.equal(nextChange([skipped], Number(twice)), Date.parse('2026-10-25T01:10Z'));
  });

  test('change when a look each minute finds that they do', () => {
    fc.assert(
      fc.property(fc.array(hours, { maxLength: 2 }), moment, (all, at) => {
        const open = (when: number) => all.every((one) => isWithin(one, when));
        const found = nextChange(all, at);
        const end = found ?? at + 7 * 24 * HOUR_MS;
        // Every minute would take its time: each twentieth, and the last.
        for (let when = at; when < end; when += 20 * 60_000) assert.equal(open(when), open(at));
        if (found === null) return;
        assert.ok(found > at);
        assert.equal(open(found), !open(at));
        assert.equal(open(found - 1), open(at));
      }),
      { numRuns: 40 },
    );
  });

  test('are read as people type them, and written so that they can be read again', () => {
    assert.deepEqual(parseSpans('mon-fri 9:00-17:30, Sun'), {
      ok: true,
      spans: [
        { days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '09:00', to: '17:30' },
        { days: ['sun'], from: '00:00', to: '24:00' },
      ],
    });
    for (const text of [
      '',
      'night',
      '22:00',
      '25:00-26:00',
      'mon-foo 10:00-11:00',
      '22:00-06:00,',
      '1:0-2:0',
    ])
      assert.equal(parseSpans(text).ok, false, text);
    fc.assert(
      fc.property(hours, ({ spans }) => {
        assert.deepEqual(parseSpans(spansInWords(spans)), { ok: true, spans });
      }),
    );
  });
});
