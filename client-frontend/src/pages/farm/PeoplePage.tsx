import { TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import type { InvitationView } from '@parallel-pilot/shared/api/people.ts';
import { IconSearch } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useSession } from '../../api/session.ts';
import { PageHead } from '../../components/PageHead.tsx';
import { Panel } from '../../components/Panel.tsx';
import { InvitationRows } from '../people/InvitationRows.tsx';
import { withdrawFarmInvitation } from '../people/limits.ts';
import { More } from '../people/More.tsx';
import classes from '../people/People.module.css';
import { farmInvitationsQuery, peopleQuery } from '../people/queries.ts';
import { Refused } from '../people/Refused.tsx';
import { useChange } from '../people/use-change.ts';
import farm from './Farm.module.css';
import { InviteToFarm } from './InviteToFarm.tsx';
import { PersonRow } from './PersonRow.tsx';

const PAUSE_MS = 250;

export function PeoplePage() {
  const [text, setText] = useState('');
  const [search] = useDebouncedValue(text.trim(), PAUSE_MS);
  const list = useInfiniteQuery(peopleQuery(search));
  const people = list.data?.pages.flatMap((page) => page.people);
  const me = useSession()?.person?.id;
  const accounts = useSession()?.ways.password === true;
  return (
    <>
      <PageHead title="People" sub="Everybody who has an account on this farm.">
        {accounts && <InviteToFarm />}
      </PageHead>
      <div className={farm.tools}>
        <TextInput
          className={farm.search ?? ''}
          type="search"
          aria-label="Search people by name or e-mail"
          placeholder="Search by name or e-mail"
          leftSection={<IconSearch size={16} aria-hidden />}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      </div>
      <div className={classes.stack}>
        <Panel title={search === '' ? 'Everybody' : 'Found'}>
          {people === undefined && <Refused error={list.error} />}
          {people?.length === 0 && <p className={classes.empty}>Nobody is called “{search}”.</p>}
          <ul className={classes.rows}>
            {people?.map((person) => (
              <PersonRow key={person.id} person={person} people={people} me={person.id === me} />
            ))}
          </ul>
          <More list={list} />
        </Panel>
        {accounts && <Invited />}
      </div>
    </>
  );
}

function Invited() {
  const { data } = useQuery(farmInvitationsQuery());
  const withdraw = useChange((one: InvitationView) => withdrawFarmInvitation(one.id), {
    changes: [farmInvitationsQuery().queryKey],
  });
  if (data === undefined || data.invitations.length === 0) return null;
  return (
    <Panel title="Invited to the farm">
      <InvitationRows
        invitations={data.invitations}
        working={withdraw.isPending ? withdraw.variables.id : null}
        onWithdraw={(one) => withdraw.mutate(one)}
      />
    </Panel>
  );
}
