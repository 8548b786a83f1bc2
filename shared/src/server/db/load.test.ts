import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectDatabase } from './connect.ts';
import {
  addArrived,
  forgetOldLoad,
  LOAD_KEPT_MS,
  loadHistory,
  noteLoad,
  presentLoad,
  setOpen,
} from './load.ts';
import { migrate } from './migrate.ts';
import { PLACES } from './migrations/places.fixture.ts';

const QUARTER = 900_000;

for (const [name, place] of Object.entries(PLACES)) {
  test(`on ${name} a quarter hour written twice is one row, and work is added once for each lease`, async (t) => {
    const { url, remove } = await place();
    const db = connectDatabase(url);
    t.after(async () => {
      await db.destroy();
      await remove();
    });
    await migrate(db);
    const sample = {
      at: QUARTER,
      waiting_ms: 7,
      capacity_ms: 100,
      speed: 2.5,
      workers: 2,
      noted_at: QUARTER,
    };
    await addArrived(
      db,
      new Map([
        [QUARTER, 3],
        [0, 1],
      ]),
    );
    await noteLoad(db, [sample]);
    // A second balancer, or this one that does not know whether the first time succeeded.
    await noteLoad(db, [sample]);
    await noteLoad(db, [{ ...sample, capacity_ms: 150, noted_at: QUARTER + 5 }]);
    await setOpen(
      db,
      new Map([
        [0, 40],
        [2 * QUARTER, 50],
      ]),
    );
    await addArrived(db, new Map([[QUARTER, 4]]));
    await setOpen(db, new Map([[0, 30]]));
    const rows = (await loadHistory(db)).map((row) => [row.at, row.arrived_ms, row.open_ms, row.capacity_ms]);
    assert.deepEqual(rows, [
      [0, 1, 30, 0],
      [QUARTER, 7, 0, 150],
      [2 * QUARTER, 0, 0, 0],
    ]);
    const present = await presentLoad(db, QUARTER + 10);
    assert.deepEqual([present?.at, present?.speed, present?.workers], [QUARTER, 2.5, 2]);
    assert.equal(await presentLoad(db, 3 * QUARTER), undefined, 'a quarter of an hour ago is not now');

    await setOpen(db, new Map());
    await forgetOldLoad(db, LOAD_KEPT_MS + QUARTER);
    assert.deepEqual(
      (await loadHistory(db)).map(({ at, open_ms }) => [at, open_ms]),
      [
        [QUARTER, 0],
        [2 * QUARTER, 0],
      ],
    );
  });
}
