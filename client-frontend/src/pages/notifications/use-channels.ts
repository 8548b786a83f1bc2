import type { NoticeEvent } from '@parallel-pilot/shared/model/notice.ts';
import { changeChannel, notificationsQuery, removeChannel, testChannel } from '../../api/notifications.ts';
import { useMay } from '../../api/session.ts';
import { notify } from '../../app/notify.ts';
import { useChange } from '../people/use-change.ts';

const changes = [notificationsQuery().queryKey];

/** What is done to the ways in which somebody is told. */
export function useChannels() {
  const change = useChange(
    ({ id, events }: { id: string; events: NoticeEvent[] }) => changeChannel(id, events),
    { changes },
  );
  const remove = useChange(removeChannel, { changes });
  const test = useChange(testChannel, {
    changes,
    onDone: () => notify({ message: 'Something is sent within seconds.' }),
  });
  return { change, remove, test, changes, may: useMay()('account.change') };
}
