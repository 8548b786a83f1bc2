import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TEAM_ROLES, type TeamRole } from '@parallel-pilot/shared/access/principal.ts';
import type { PersonId } from '@parallel-pilot/shared/model/ids.ts';
import fc from 'fast-check';
import { changeMembership, type MembershipChange } from './membership.ts';

const PEOPLE = ['ann', 'bob', 'cid', 'dee'] as PersonId[];
const [ann, bob, cid] = PEOPLE as [PersonId, PersonId, PersonId];
const person = fc.constantFrom(...PEOPLE);
const role = fc.constantFrom(...TEAM_ROLES);
const change: fc.Arbitrary<MembershipChange> = fc.oneof(
  fc.record({ of: person, to: fc.option(role) }),
  fc.record({ handOverTo: person }),
);
const steps = fc.array(fc.record({ by: person, change }), { maxLength: 40 });
const team = fc
  .dictionary(person, role, { maxKeys: 4 })
  .map((roles) => new Map<PersonId, TeamRole>([...(Object.entries(roles) as [PersonId, TeamRole][])]))
  .map((members) => new Map([...members, [ann, 'owner' as TeamRole]]));

test('whatever is asked for, by whomever: a team keeps an owner, and nobody gains by themselves', () => {
  fc.assert(
    fc.property(team, steps, (start, asked) => {
      const members = new Map(start);
      for (const { by, change } of asked) {
        const before = new Map(members);
        const outcome = changeMembership(members, false, by, change);
        if (!outcome.ok) continue;
        for (const [whom, to] of outcome.changes) {
          if (to === null) members.delete(whom);
          else members.set(whom, to);
        }
        assert.ok([...members.values()].includes('owner'), 'the team has no owner');
        assert.ok(before.has(by), 'a stranger changed something');
        assert.ok(
          TEAM_ROLES.indexOf(members.get(by) ?? 'viewer') >= TEAM_ROLES.indexOf(before.get(by) ?? 'viewer'),
          'somebody gained by their own word',
        );
        for (const whom of PEOPLE)
          if (members.get(whom) !== before.get(whom) && whom !== by) {
            const asker = before.get(by);
            assert.ok(asker === 'owner' || asker === 'manager', `a ${asker} changed somebody else`);
            if (asker === 'manager')
              assert.ok(
                before.get(whom) !== 'owner' && members.get(whom) !== 'owner',
                'a manager changed an owner',
              );
            assert.ok(before.has(whom), 'somebody came in without an invitation');
          }
      }
    }),
    { numRuns: 1_000 },
  );
});

test('nobody leaves, joins or is handed their own team', () => {
  fc.assert(
    fc.property(team, person, change, (members, by, asked) => {
      assert.equal(changeMembership(members, true, by, asked).ok, false);
    }),
  );
});

test('the last owner is told what to do instead of leaving', () => {
  const members = new Map<PersonId, TeamRole>([
    [ann, 'owner'],
    [bob, 'manager'],
  ]);
  for (const to of [null, 'manager'] as const) {
    const outcome = changeMembership(members, false, ann, { of: ann, to });
    assert.equal(outcome.ok, false);
    assert.match(outcome.message, /You are the last owner of this team\. Make somebody else an owner/);
  }
  const handed = changeMembership(members, false, ann, { handOverTo: bob });
  assert.deepEqual(handed, {
    ok: true,
    changes: new Map([
      [bob, 'owner'],
      [ann, 'manager'],
    ]),
  });
  const stranger = changeMembership(members, false, ann, { handOverTo: cid });
  assert.equal(!stranger.ok && stranger.code, 'not-found');
});
