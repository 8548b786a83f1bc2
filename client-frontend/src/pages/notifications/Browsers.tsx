import { Switch } from '@mantine/core';
import type { Notifications } from '@parallel-pilot/shared/api/notifications.ts';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { notificationsQuery } from '../../api/notifications.ts';
import { notices } from '../../app/notices.ts';
import { presentBrowser } from '../../app/push.ts';
import { Panel } from '../../components/Panel.tsx';
import people from '../people/People.module.css';
import { Channel } from './Channel.tsx';

/** This browser, and others that tell. */
export function Browsers({ told }: { told: Notifications }) {
  const choice = useSyncExternalStore(notices.subscribe, notices.get);
  const [here, setHere] = useState<string | null>(null);
  const [turning, setTurning] = useState(false);
  const queries = useQueryClient();
  // biome-ignore lint/correctness/useExhaustiveDependencies: with the choice the browser's subscription begins or ends
  useEffect(() => void presentBrowser().then(setHere, () => undefined), [choice, told]);
  const browsers = told.channels.filter(({ type }) => type === 'push');
  const turn = async (on: boolean) => {
    setTurning(true);
    await notices.turn(on ? 'on' : 'off');
    // What it was told by the farm until now.
    if (!on && here !== null) await forget(told, here);
    await queries.invalidateQueries(notificationsQuery());
    setTurning(false);
  };
  return (
    <Panel title="Browsers">
      {notices.possible() ? (
        <Switch
          label="This browser tells me"
          description={choice === 'on' ? ONLY_OPEN : 'Also while no page of the farm is open.'}
          checked={choice === 'push' || choice === 'on'}
          disabled={turning}
          onChange={(event) => void turn(event.currentTarget.checked)}
        />
      ) : (
        <p className={people.empty}>
          This browser lets pages tell nothing here: it was told not to, or the farm is not served over HTTPS.
        </p>
      )}
      {browsers.length > 0 && (
        <ul className={people.rows} style={{ marginTop: 18 }}>
          {browsers.map((channel) => (
            <Channel
              key={channel.id}
              channel={channel}
              mark={channel.browser === here && <span className={people.mark}>this one</span>}
            />
          ))}
        </ul>
      )}
    </Panel>
  );
}

const ONLY_OPEN =
  'Its push service is not reached from here, so it tells while a page of the farm is open: of jobs that were begun in it, when they are over or late.';

async function forget({ channels }: Notifications, browser: string): Promise<void> {
  const { removeChannel } = await import('../../api/notifications.ts');
  for (const channel of channels)
    if (channel.browser === browser) await removeChannel(channel.id).catch(() => undefined);
}
