import { Button, TextInput } from '@mantine/core';
import type { Notifications } from '@parallel-pilot/shared/api/notifications.ts';
import type { NoticeEvent } from '@parallel-pilot/shared/model/notice.ts';
import { type FormEvent, useState } from 'react';
import { makeChannel } from '../../api/notifications.ts';
import { Panel } from '../../components/Panel.tsx';
import people from '../people/People.module.css';
import { Refused } from '../people/Refused.tsx';
import { useChange } from '../people/use-change.ts';
import { Channel } from './Channel.tsx';
import { EventChoice } from './EventChoice.tsx';
import { useChannels } from './use-channels.ts';

/** Nothing is mailed until somebody asks for it. */
export function Email({ told: { channels, email } }: { told: Notifications }) {
  const mails = channels.filter(({ type }) => type === 'email');
  return (
    <Panel title="E-mail">
      {email.problem !== null ? (
        <p className={people.empty}>{email.problem}</p>
      ) : (
        mails.length === 0 && <Ask address={email.address} />
      )}
      {mails.length > 0 && (
        <ul className={people.rows}>
          {mails.map((channel) => (
            <Channel key={channel.id} channel={channel} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

/** To the account's address; where nobody has an account, to one that is named. */
function Ask({ address }: { address: string | null }) {
  const [events, setEvents] = useState<NoticeEvent[]>([]);
  const [to, setTo] = useState('');
  const { changes, may } = useChannels();
  const make = useChange(
    () => makeChannel({ type: 'email', events, ...(address === null ? { address: to.trim() } : {}) }),
    { changes, quiet: true },
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate();
  };
  return (
    <form className={people.form} onSubmit={submit}>
      {address === null ? (
        <TextInput
          label="Address"
          type="email"
          required
          withAsterisk={false}
          value={to}
          onChange={(event) => setTo(event.currentTarget.value)}
        />
      ) : (
        <p className={people.note}>To {address}. What happens within a minute comes in one mail.</p>
      )}
      <EventChoice label="Told by e-mail" events={events} disabled={!may} onChange={setEvents} />
      <Refused error={make.error} />
      <div className={people.actions}>
        <Button type="submit" loading={make.isPending} disabled={events.length === 0 || !may}>
          Mail me
        </Button>
      </div>
    </form>
  );
}
