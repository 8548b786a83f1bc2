import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listAudit } from '@parallel-pilot/shared/server/db/audit.ts';
import { until } from '../../../tests/support/until.ts';
import { startTestFarm } from '../jobs/test-farm.fixture.ts';
import { addSomebody } from '../people/people.fixture.ts';
import { auditAccounts } from './account-events.ts';

test('what a library says of accounts is in the audit, refusals ten times a minute', async (t) => {
  const farm = await startTestFarm();
  t.after(() => farm.stop());
  const { db } = farm.parts;
  const ada = await addSomebody(db, 'Ada');
  const record = auditAccounts(farm.parts);
  const address = '10.0.0.7';
  record({ action: 'session.open', subject: `auth:${ada.person}`, way: 'passkey', address });
  record({ action: 'session.open', subject: 'auth:newcomer', way: 'password', address });
  record({ action: 'account.change', subject: `auth:${ada.person}`, operation: '/change-password', address });
  for (let count = 0; count < 30; count += 1)
    record({ action: 'session.refused', subject: null, code: 'wrong-password', address });
  const all = () => listAudit(db, {}, { before: undefined, limit: 500 });
  await until(async () => (await all()).length === 13, 'not all were written');
  const said = (await all()).map(({ action, person, target, detail }) =>
    [action, person?.name, target, Object.values(detail ?? {})[0]].join(' '),
  );
  assert.deepEqual(said.filter((entry) => !entry.startsWith('session.refused')).toSorted(), [
    'account.change Ada  /change-password',
    'session.open  auth:newcomer password',
    'session.open Ada  passkey',
  ]);
  assert.equal(said.filter((entry) => entry === 'session.refused   wrong-password').length, 10);
});
