import { CloseButton, NativeSelect, TextInput } from '@mantine/core';
import { useDebouncedCallback, useHotkeys } from '@mantine/hooks';
import type { JobList } from '@parallel-pilot/shared/api/jobs.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { Link } from 'react-router';
import type { JobFilter, JobOrder, JobQuery } from '../../api/farm.ts';
import { formatCount } from '../../components/format.ts';
import classes from './Jobs.module.css';
import { addressOf, ORDERS, STATES } from './list-address.ts';

type Counts = JobList['states'];
type ListBarProps = {
  query: JobQuery;
  /** Of the jobs with the searched words; undefined until they are known. */
  counts: Counts | undefined;
  onChange(edit: Partial<JobQuery>): void;
};

/** Search, filters with how many each shows, and the order. */
export function ListBar({ query, counts, onChange }: ListBarProps) {
  const present = query.state ?? '';
  const told = (value: '' | NonNullable<JobFilter>) =>
    counts === undefined ? null : formatCount(countOf(counts, value));
  return (
    <div className={classes.tools}>
      <SearchField q={query.q} onSearch={(q) => onChange({ q })} />
      <nav className={classes.filters} aria-label="Show jobs that are">
        {STATES.map(({ value, label }) => (
          <Link
            key={value}
            to={addressOf({ ...query, state: value === '' ? undefined : value })}
            aria-current={value === present ? 'true' : undefined}
            className={classes.filter}
          >
            {label} <span>{told(value)}</span>
          </Link>
        ))}
      </nav>
      <NativeSelect
        className={classes.filterSelect ?? ''}
        aria-label="Show jobs that are"
        value={present}
        data={STATES.map(({ value, label }) => ({
          value,
          label: counts === undefined ? label : `${label} (${told(value)})`,
        }))}
        onChange={(event) => onChange({ state: (event.currentTarget.value || undefined) as JobFilter })}
      />
      <NativeSelect
        className={classes.order ?? ''}
        aria-label="Order of the jobs"
        value={query.sort}
        data={[...ORDERS]}
        onChange={(event) => onChange({ sort: event.currentTarget.value as JobOrder })}
      />
    </div>
  );
}

function countOf(counts: Counts, state: '' | NonNullable<JobFilter>): number {
  const of = Object.entries(counts) as [keyof Counts, number][];
  return of
    .filter(([one]) => state === '' || state === one || (state === 'active' && !isOver(one)))
    .reduce((sum, [, count]) => sum + count, 0);
}

/** Types are looked up when one pauses. */
const PAUSE_MS = 200;

function SearchField({ q, onSearch }: { q: string; onSearch(q: string): void }) {
  const [text, setText] = useState(q);
  const field = useRef<HTMLInputElement>(null);
  const search = useDebouncedCallback(onSearch, PAUSE_MS);
  // Back, or a filter that was reset, changes the words from outside.
  const told = useRef(q);
  useEffect(() => {
    if (q !== told.current && q !== text.trim()) setText(q);
    told.current = q;
  }, [q, text]);
  useHotkeys([['/', () => field.current?.focus()]]);
  const type = (value: string) => {
    setText(value);
    search(value.trim());
  };
  return (
    <TextInput
      ref={field}
      type="search"
      className={classes.search ?? ''}
      aria-label="Search jobs by name"
      placeholder="Search by name"
      leftSection={<IconSearch size={16} aria-hidden />}
      rightSection={text !== '' && <CloseButton aria-label="Clear the search" onClick={() => type('')} />}
      value={text}
      onChange={(event) => type(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === 'Escape') type('');
      }}
    />
  );
}
