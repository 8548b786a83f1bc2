import { Button, TextInput } from '@mantine/core';
import type { Notifications } from '@parallel-pilot/shared/api/notifications.ts';
import { NOTICE_EVENTS, type NoticeEvent } from '@parallel-pilot/shared/model/notice.ts';
import { useState } from 'react';
import { makeChannel } from '../../api/notifications.ts';
import { Panel } from '../../components/Panel.tsx';
import { Dialog } from '../people/Dialog.tsx';
import people from '../people/People.module.css';
import { Secret } from '../people/Secret.tsx';
import { useChange } from '../people/use-change.ts';
import { Channel } from './Channel.tsx';
import { EventChoice } from './EventChoice.tsx';
import { useChannels } from './use-channels.ts';

/** Servers of somebody's own that are called. */
export function Webhooks({ told }: { told: Notifications }) {
  const [making, setMaking] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const { may } = useChannels();
  const hooks = told.channels.filter(({ type }) => type === 'webhook');
  return (
    <Panel title="Webhooks">
      {hooks.length === 0 && (
        <p className={people.text}>
          The farm calls a server of yours with JSON, signed as standardwebhooks.com says. What does not
          arrive is sent again for a day, by the same id.
        </p>
      )}
      {hooks.length > 0 && (
        <ul className={people.rows}>
          {hooks.map((channel) => (
            <Channel key={channel.id} channel={channel} />
          ))}
        </ul>
      )}
      {secret !== null && (
        <Secret
          text="Its server knows requests of this farm by this secret. It stands in the log, too."
          value={secret}
        />
      )}
      {may && (
        <div className={people.actions}>
          <Button variant="default" onClick={() => setMaking(true)}>
            Add a webhook
          </Button>
        </div>
      )}
      <NewWebhook opened={making} onClose={() => setMaking(false)} onMade={setSecret} />
    </Panel>
  );
}

type NewWebhookProps = { opened: boolean; onClose(): void; onMade(secret: string | null): void };

function NewWebhook({ opened, onClose, onMade }: NewWebhookProps) {
  const [url, setUrl] = useState('');
  const [events, setEvents] = useState<NoticeEvent[]>([...NOTICE_EVENTS]);
  const { changes } = useChannels();
  const make = useChange(() => makeChannel({ type: 'webhook', url: url.trim(), events }), {
    changes,
    quiet: true,
    onDone: ({ secret }) => {
      onMade(secret);
      setUrl('');
      onClose();
    },
  });
  return (
    <Dialog
      opened={opened}
      title="Add a webhook"
      go="Add it"
      working={make.isPending}
      error={make.error}
      onClose={onClose}
      onGo={() => make.mutate()}
    >
      <TextInput
        label="Address"
        placeholder="https://hooks.example/farm"
        data-autofocus
        required
        withAsterisk={false}
        maxLength={2_000}
        value={url}
        onChange={(event) => setUrl(event.currentTarget.value)}
      />
      <EventChoice label="Told by the webhook" events={events} onChange={setEvents} />
    </Dialog>
  );
}
