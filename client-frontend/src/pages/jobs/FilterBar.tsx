import { NativeSelect } from '@mantine/core';
import { JobListQuery } from '@parallel-pilot/shared/api/jobs.ts';
import { Link, useNavigate } from 'react-router';
import type { JobFilter } from '../../api/farm.ts';
import classes from './Jobs.module.css';

const FILTERS = [
  { value: '', label: 'All' },
  { value: 'active', label: 'Active' },
  { value: 'ready', label: 'Waiting for you' },
  { value: 'completed', label: 'Completed' },
  { value: 'failed', label: 'Failed' },
  { value: 'canceled', label: 'Canceled' },
] as const;

/** The filter named in the address; none for a word that is not one. */
export const readFilter = (value: string | null): JobFilter =>
  JobListQuery.shape.state.safeParse(value ?? undefined).data;

const addressOf = (value: string) => (value === '' ? '/' : `/?state=${value}`);

export function FilterBar({ filter }: { filter: JobFilter }) {
  const navigate = useNavigate();
  const present = filter ?? '';
  return (
    <>
      <nav className={classes.filters} aria-label="Show jobs that are">
        {FILTERS.map(({ value, label }) => (
          <Link
            key={value}
            to={addressOf(value)}
            aria-current={value === present ? 'true' : undefined}
            className={classes.filter}
          >
            {label}
          </Link>
        ))}
      </nav>
      <NativeSelect
        className={classes.filterSelect ?? ''}
        aria-label="Show jobs that are"
        value={present}
        data={FILTERS.map(({ value, label }) => ({ value, label }))}
        onChange={(event) => void navigate(addressOf(event.currentTarget.value))}
      />
    </>
  );
}
