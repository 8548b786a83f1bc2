import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  Asked,
  add,
  fits,
  type Gpu,
  type GpuAsked,
  NOTHING_USED,
  Offer,
  offersProblem,
  subtract,
  type Used,
  unplaced,
  usedBy,
} from './resources.ts';

const names = fc.constantFrom('A', 'B');
const gpu: fc.Arbitrary<Gpu> = fc.record({
  name: names,
  memoryBytes: fc.option(fc.integer({ min: 0, max: 3 })),
});
const gpuAsked: fc.Arbitrary<GpuAsked> = fc.record({
  name: fc.option(names),
  memoryBytes: fc.integer({ min: 0, max: 3 }),
});
const counts = fc.dictionary(fc.constantFrom('licence', 'seat'), fc.integer({ min: 1, max: 3 }));
const offer: fc.Arbitrary<Offer> = fc.record({
  threads: fc.integer({ min: 1, max: 8 }),
  memoryBytes: fc.integer({ min: 0, max: 100 }),
  diskBytes: fc.integer({ min: 0, max: 100 }),
  gpus: fc.array(gpu, { maxLength: 3 }),
  counts,
});
const asked = fc.record(
  {
    threads: fc.integer({ min: 1, max: 8 }),
    memoryBytes: fc.integer({ min: 1, max: 100 }),
    diskBytes: fc.integer({ min: 1, max: 100 }),
    gpus: fc.array(gpuAsked, { maxLength: 2 }),
    counts,
  },
  { requiredKeys: [] },
);
const worker = fc.record({ offer, slots: fc.integer({ min: 1, max: 8 }) });

test('what is added and taken away again leaves what was, in any order', () => {
  fc.assert(
    fc.property(worker, fc.array(asked, { maxLength: 6 }), fc.infiniteStream(fc.nat()), (on, all, chance) => {
      const parts = all.map((it) => usedBy(Asked.parse(it), on));
      let sum = parts.reduce(add, NOTHING_USED);
      while (parts.length > 0) {
        const [part] = parts.splice(chance.next().value % parts.length, 1);
        sum = subtract(sum, part as Used);
      }
      assert.ok(sum.threads < 1e-9);
      assert.deepEqual({ ...sum, threads: 0 }, NOTHING_USED);
    }),
  );
});

test('what fits never makes the whole more than is offered, and less of it fits as well', () => {
  fc.assert(
    fc.property(worker, fc.array(asked, { maxLength: 8 }), (on, all) => {
      let used = NOTHING_USED;
      const taken: Used[] = [];
      for (const part of all.map((it) => usedBy(Asked.parse(it), on))) {
        if (!fits(on.offer, used, part)) continue;
        used = add(used, part);
        taken.push(part);
      }
      assert.ok(used.threads <= on.offer.threads + 1e-3);
      assert.ok(used.memoryBytes <= on.offer.memoryBytes);
      assert.ok(used.diskBytes <= on.offer.diskBytes);
      assert.ok(used.gpus.length <= on.offer.gpus.length);
      for (const [name, count] of Object.entries(used.counts))
        assert.ok(count <= (on.offer.counts[name] ?? 0));
      for (const part of taken) assert.ok(fits(on.offer, subtract(used, part), part));
    }),
  );
});

test('chunks that ask for nothing fill exactly the slots of a worker', () => {
  fc.assert(
    fc.property(offer, fc.integer({ min: 1, max: 64 }), (of, slots) => {
      const part = usedBy({}, { offer: of, slots });
      let used = NOTHING_USED;
      for (let count = 0; count < slots; count += 1) {
        assert.ok(fits(of, used, part), `the ${count + 1}. of ${slots}`);
        used = add(used, part);
      }
      assert.ok(!fits(of, used, part));
    }),
  );
});

test('GPUs are found for all that ask wherever that is possible at all', () => {
  fc.assert(
    fc.property(fc.array(gpu, { maxLength: 4 }), fc.array(gpuAsked, { maxLength: 4 }), (gpus, all) => {
      const left = unplaced(gpus, all).length;
      assert.equal(all.length - left, mostPlaced(gpus, all));
    }),
  );
});

/** Every way tried. */
function mostPlaced(gpus: readonly Gpu[], [first, ...others]: readonly GpuAsked[]): number {
  if (first === undefined) return 0;
  const suits = (it: Gpu) =>
    (first.name === null || it.name === first.name) && (it.memoryBytes ?? 0) >= first.memoryBytes;
  const ways = gpus.map((it, at) => (suits(it) ? 1 + mostPlaced(gpus.toSpliced(at, 1), others) : 0));
  return Math.max(mostPlaced(gpus, others), ...ways);
}

const plain: Offer = { threads: 8, memoryBytes: 16e9, diskBytes: 1e12, gpus: [], counts: { licence: 1 } };

test('what no worker could ever hold is said with the most that one offers', () => {
  const workers = [
    { offer: plain, slots: 2 },
    { offer: { ...plain, memoryBytes: 4e9 }, slots: 1 },
  ];
  assert.equal(offersProblem({ memoryBytes: 16e9, counts: { licence: 1 } }, workers), null);
  assert.equal(offersProblem({ memoryBytes: 64e9 }, []), null);
  assert.equal(
    offersProblem({ memoryBytes: 64e9, counts: { licence: 2 } }, workers),
    'Each part asks for 64 GB of memory and 2 of "licence", which no worker that is here offers; the most that one offers is 16 GB of memory.',
  );
  const apart = [{ offer: { ...plain, threads: 1 }, slots: 1 }, ...workers.slice(1)];
  assert.match(offersProblem({ memoryBytes: 16e9, threads: 8 }, apart) ?? '', /by itself/);
});

test('sizes beyond all reason and unknown fields are refused', () => {
  for (const wrong of [
    { threads: 0 },
    { threads: 1.5 },
    { memoryBytes: -1 },
    { memoryBytes: 1e16 },
    { memory: 1 },
    { gpus: Array(17).fill({}) },
    { counts: { licence: 0 } },
    { counts: { '': 1 } },
    { counts: Object.fromEntries(Array.from({ length: 33 }, (_, at) => [`n${at}`, 1])) },
  ])
    assert.ok(!Asked.safeParse(wrong).success, JSON.stringify(wrong));
  assert.ok(!Offer.safeParse({ ...plain, threads: 0 }).success);
});
