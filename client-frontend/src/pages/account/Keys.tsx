import { Button } from '@mantine/core';
import type { KeyView } from '@parallel-pilot/shared/api/people.ts';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useMay } from '../../api/session.ts';
import { formatAgo } from '../../components/format.ts';
import { Panel } from '../../components/Panel.tsx';
import { AskedButton } from '../people/AskedButton.tsx';
import { revokeKey } from '../people/account.ts';
import classes from '../people/People.module.css';
import { keysQuery } from '../people/queries.ts';
import { Refused } from '../people/Refused.tsx';
import { Secret } from '../people/Secret.tsx';
import { useChange } from '../people/use-change.ts';
import { NewKey } from './NewKey.tsx';

/** Keys for programs and other machines, each with what it may. */
export function Keys() {
  const { data, error } = useQuery(keysQuery());
  const changes = useMay()('account.change');
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<string | null>(null);
  return (
    <Panel title="Keys">
      {data === undefined && <Refused error={error} />}
      {data?.keys.length === 0 && (
        <p className={classes.text}>
          With a key a program acts as you, in one team, as far as the key lets it: the command line, a
          script, a plug-in.
        </p>
      )}
      <ul className={classes.rows}>
        {data?.keys.map((key) => (
          <KeyRow key={key.id} view={key} />
        ))}
      </ul>
      {made !== null && <Secret text="The new key. Copy it now: it is shown this once." value={made} />}
      {changes && (
        <div className={classes.actions}>
          <Button variant="default" onClick={() => setMaking(true)}>
            Make a key
          </Button>
        </div>
      )}
      <NewKey opened={making} onClose={() => setMaking(false)} onMade={setMade} />
    </Panel>
  );
}

function KeyRow({ view }: { view: KeyView }) {
  const revoke = useChange(() => revokeKey(view.id), { changes: [keysQuery().queryKey] });
  const changes = useMay()('account.change');
  const now = Date.now();
  const used = view.lastUsedAt === null ? 'never used' : `used ${formatAgo(view.lastUsedAt, now)}`;
  return (
    <li className={classes.row}>
      <div className={classes.main}>
        <b>{view.name}</b>
        {view.current && <span className={classes.mark}>this one</span>}
        <small>
          {view.scopes.join(', ')} · {view.team.name} · {used} · {endOf(view.expiresAt, now)}
        </small>
      </div>
      {changes && (
        <AskedButton
          label="Revoke"
          about={`Revoke the key ${view.name}`}
          title={`Revoke ${view.name}?`}
          text="What uses it is refused from now on, everywhere. This cannot be undone."
          go="Revoke"
          working={revoke.isPending}
          onGo={() => revoke.mutate()}
        />
      )}
    </li>
  );
}

function endOf(expiresAt: number | null, now: number): string {
  if (expiresAt === null) return 'no end';
  const days = Math.ceil((expiresAt - now) / 86_400_000);
  return days <= 1 ? 'ends today' : `ends in ${days} days`;
}
