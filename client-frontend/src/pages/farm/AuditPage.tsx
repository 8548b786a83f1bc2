import { Button, NativeSelect, TextInput } from '@mantine/core';
import { AUDIT_ACTIONS, type AuditEntry } from '@parallel-pilot/shared/api/limits.ts';
import { IconDownload } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useSearchParams } from 'react-router';
import { PageHead } from '../../components/PageHead.tsx';
import { Panel } from '../../components/Panel.tsx';
import { auditCsvUrl } from '../people/limits.ts';
import { More } from '../people/More.tsx';
import classes from '../people/People.module.css';
import { auditQuery } from '../people/queries.ts';
import { Refused } from '../people/Refused.tsx';
import { askedOf, dayOf, type Filter, withChoice } from './audit-address.ts';
import farm from './Farm.module.css';

/** Who did what to what, from where; nobody can change it. */
export function AuditPage() {
  const [address, setAddress] = useSearchParams();
  const asked = askedOf(address);
  const list = useInfiniteQuery(auditQuery(asked));
  const entries = list.data?.pages.flatMap((page) => page.entries);
  const choose = (name: Filter, value: string) =>
    setAddress(withChoice(address, name, value), { replace: true });
  return (
    <>
      <PageHead title="Audit" sub="Who did what to what, and from where. Nothing in it can be changed.">
        <Button
          component="a"
          href={auditCsvUrl(asked)}
          download
          variant="default"
          leftSection={<IconDownload size={17} aria-hidden />}
        >
          As csv
        </Button>
      </PageHead>
      <div className={farm.tools}>
        <NativeSelect
          label="Action"
          value={address.get('action') ?? ''}
          data={[{ value: '', label: 'All' }, ...AUDIT_ACTIONS.map((value) => ({ value, label: value }))]}
          onChange={(event) => choose('action', event.currentTarget.value)}
        />
        <TextInput
          label="From"
          type="date"
          value={dayOf(address, 'from')}
          onChange={(event) => choose('from', event.currentTarget.value)}
        />
        <TextInput
          label="Through"
          type="date"
          value={dayOf(address, 'to')}
          onChange={(event) => choose('to', event.currentTarget.value)}
        />
        {(['person', 'team', 'target'] as const).map(
          (name) =>
            address.get(name) !== null && (
              <Button key={name} variant="light" onClick={() => choose(name, '')}>
                Only {name} {nameIn(entries, name, address.get(name))} ✕
              </Button>
            ),
        )}
      </div>
      <Panel title="Entries">
        {entries === undefined && <Refused error={list.error} />}
        {entries?.length === 0 && <p className={classes.empty}>Nothing of this was done.</p>}
        {entries !== undefined && entries.length > 0 && (
          <div className={farm.scroll}>
            <Entries entries={entries} address={address} />
          </div>
        )}
        <More list={list} />
      </Panel>
    </>
  );
}

function Entries({ entries, address }: { entries: readonly AuditEntry[]; address: URLSearchParams }) {
  const only = (name: Filter, value: string) => `?${withChoice(address, name, value)}`;
  return (
    <table className={farm.table}>
      <thead>
        <tr>
          <th>When</th>
          <th>Who</th>
          <th>What</th>
          <th>To what</th>
          <th>Team</th>
          <th>From</th>
        </tr>
      </thead>
      <tbody>
        {entries.map((entry) => (
          <tr key={entry.id}>
            <td>{timeOf(entry.at)}</td>
            <td>
              {entry.person !== null && (
                <Link to={only('person', entry.person.id)}>{entry.person.name ?? entry.person.id}</Link>
              )}
              {entry.impersonator !== null && (
                <small>in truth {entry.impersonator.name ?? entry.impersonator.id}</small>
              )}
              {entry.key !== null && <small>by the key {entry.key.name ?? entry.key.id}</small>}
            </td>
            <td>
              {entry.action}
              {entry.detail !== null && <small>{detailOf(entry.detail)}</small>}
            </td>
            <td>{entry.target !== null && <Link to={only('target', entry.target)}>{entry.target}</Link>}</td>
            <td>
              {entry.team !== null && (
                <Link to={only('team', entry.team.id)}>{entry.team.name ?? entry.team.id}</Link>
              )}
            </td>
            <td>{entry.address}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const timeOf = (at: number): string =>
  new Date(at).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

const detailOf = (detail: NonNullable<AuditEntry['detail']>): string =>
  Object.entries(detail)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ');

function nameIn(
  entries: readonly AuditEntry[] | undefined,
  name: 'person' | 'team' | 'target',
  id: string | null,
): string {
  if (name === 'target') return id ?? '';
  return entries?.find((entry) => entry[name]?.id === id)?.[name]?.name ?? id ?? '';
}
