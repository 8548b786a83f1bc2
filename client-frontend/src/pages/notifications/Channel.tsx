import { Button } from '@mantine/core';
import type { ChannelView } from '@parallel-pilot/shared/api/notifications.ts';
import { type ReactNode, useState } from 'react';
import { formatAgo } from '../../components/format.ts';
import { AskedButton } from '../people/AskedButton.tsx';
import people from '../people/People.module.css';
import { useChosen } from '../people/use-change.ts';
import { ChannelLog } from './ChannelLog.tsx';
import { EventChoice } from './EventChoice.tsx';
import classes from './Notifications.module.css';
import { useChannels } from './use-channels.ts';

/** One way in which somebody is told, what by it, and whether it works. */
export function Channel({ channel, mark }: { channel: ChannelView; mark?: ReactNode }) {
  const { id, name, address, type, events, failing } = channel;
  const { change, remove, test, may } = useChannels();
  const [shown, choose] = useChosen({ id, events }, change);
  const [logged, setLogged] = useState(false);
  const what = type === 'push' ? name : (address ?? name);
  return (
    <li className={classes.channel}>
      <div className={classes.head}>
        <span className={classes.name}>
          {what}
          {mark}
          {channel.team !== null && <span className={people.mark}>by a key, of its team</span>}
        </span>
        <Button
          size="xs"
          variant="default"
          aria-label={`Log: what ${what} was told`}
          onClick={() => setLogged(true)}
        >
          Log
        </Button>
        {may && (
          <>
            <Button
              size="xs"
              variant="default"
              aria-label={`Try it: ${what}`}
              loading={test.isPending}
              onClick={() => test.mutate(id)}
            >
              Try it
            </Button>
            <AskedButton
              label="Remove"
              about={`Remove ${what}`}
              title={`Remove ${what}?`}
              text="Nothing is told by it any more, and its log goes."
              go="Remove"
              working={remove.isPending}
              onGo={() => remove.mutate(id)}
            />
          </>
        )}
      </div>
      <EventChoice
        label={`Told by ${what}`}
        events={shown.events}
        disabled={!may}
        onChange={(chosen) => choose({ id, events: chosen })}
      />
      {failing !== null && (
        <p className={classes.failing} role="status">
          Nothing arrives there, for the first time {formatAgo(failing.since, Date.now())}. {failing.problem}{' '}
          It is sent again for a day.
        </p>
      )}
      {logged && <ChannelLog channel={channel} what={what} onClose={() => setLogged(false)} />}
    </li>
  );
}
