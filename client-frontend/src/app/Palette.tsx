import { Modal } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import {
  IconBell,
  IconCpu,
  IconHistory,
  IconPlus,
  IconSettings,
  IconStack2,
  IconUserCircle,
  IconUserCog,
  IconUsers,
  IconUsersGroup,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Command } from 'cmdk';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { foundJobsQuery } from '../api/queries.ts';
import { useMay, useSession } from '../api/session.ts';
import { formatAgo } from '../components/format.ts';
import { StateBadge } from '../components/StateBadge.tsx';
import { OWN_PAGES, siteKind } from '../kinds/registry.ts';
import { matchesQuery } from '../live/job-list.ts';
import classes from './Palette.module.css';

const PAGES = [
  { to: '/', label: 'Jobs', Icon: IconStack2 },
  { to: '/new', label: 'New job', Icon: IconPlus },
  { to: '/workers', label: 'Workers', Icon: IconCpu },
  { to: '/notifications', label: 'Notifications', Icon: IconBell },
] as const;

/** Pages of a farm where people sign in. */
const WITH_ACCOUNTS = [
  { to: '/team', label: 'Team', Icon: IconUsers },
  { to: '/account', label: 'Your account', Icon: IconUserCircle },
] as const;
const OF_ADMINS = [
  { to: '/farm/people', label: 'People of the farm', Icon: IconUserCog },
  { to: '/farm/teams', label: 'Teams and limits', Icon: IconUsersGroup },
  { to: '/farm/audit', label: 'Audit', Icon: IconHistory },
] as const;

const SETTINGS = { to: '/farm/settings', label: 'Settings of the farm', Icon: IconSettings } as const;

function usePages() {
  const may = useMay();
  const accounts = useSession()?.mode !== 'local';
  return [
    ...PAGES.filter(({ to }) => to !== '/new' || may('jobs.submit')),
    ...OWN_PAGES.map(({ at, title, Icon }) => ({ to: `/${at}`, label: title, Icon })),
    ...(accounts ? WITH_ACCOUNTS : []),
    ...(accounts && may('people.manage') ? OF_ADMINS : []),
    ...(may('farm.change') ? [SETTINGS] : []),
  ];
}

const PAUSE_MS = 120;

/** Finds jobs by name, and pages, without the mouse. */
export function Palette({ opened, onClose }: { opened: boolean; onClose(): void }) {
  return (
    <Modal.Root
      opened={opened}
      onClose={onClose}
      size={620}
      yOffset="12vh"
      transitionProps={{ duration: 100 }}
    >
      <Modal.Overlay />
      <Modal.Content aria-label="Find a job or a page" className={classes.content ?? ''}>
        <Modal.Body p={0}>
          <Finder onClose={onClose} />
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}

function Finder({ onClose }: { onClose(): void }) {
  const [text, setText] = useState('');
  const [q] = useDebouncedValue(text.trim(), PAUSE_MS);
  const { data, isError } = useQuery(foundJobsQuery(q));
  // The answer may be to what was typed a moment ago: Enter must not open what does not fit any more.
  const jobs = data?.filter((job) => matchesQuery(job, { state: undefined, q: text }));
  const navigate = useNavigate();
  const go = (to: string) => {
    onClose();
    void navigate(to);
  };
  const pages = usePages().filter(({ label }) => label.toLowerCase().includes(text.trim().toLowerCase()));
  const now = Date.now();
  const [marked, setMarked] = useState('');
  const all = [...(jobs ?? []).map((job) => job.id as string), ...pages.map(({ to }) => to as string)];
  // What Enter opens is always one of those that are shown.
  const present = all.includes(marked) ? marked : (all[0] ?? '');
  return (
    // The farm has found the jobs: they are not filtered once more.
    <Command shouldFilter={false} loop value={present} onValueChange={setMarked} label="Find a job or a page">
      <Command.Input
        autoFocus
        className={classes.input}
        placeholder="Find a job, or go to a page"
        value={text}
        onValueChange={setText}
      />
      <Command.List className={classes.list} label="Found">
        {pages.length === 0 && jobs?.length === 0 && (
          <Command.Empty className={classes.empty}>Nothing is called “{text.trim()}”.</Command.Empty>
        )}
        {isError && (
          <div className={classes.empty}>The farm does not answer, so its jobs cannot be searched.</div>
        )}
        {jobs !== undefined && jobs.length > 0 && (
          <Command.Group heading="Jobs" className={classes.group ?? ''}>
            {jobs.map((job) => (
              <Command.Item
                key={job.id}
                value={job.id}
                className={classes.item ?? ''}
                onSelect={() => go(`/jobs/${job.id}`)}
              >
                <span className={classes.name}>{job.name}</span>
                <small>{formatAgo(job.createdAt, now)}</small>
                <StateBadge job={job} preparing={siteKind(job.kind)?.words.preparing} />
              </Command.Item>
            ))}
          </Command.Group>
        )}
        {pages.length > 0 && (
          <Command.Group heading="Pages" className={classes.group ?? ''}>
            {pages.map(({ to, label, Icon }) => (
              <Command.Item key={to} value={to} className={classes.item ?? ''} onSelect={() => go(to)}>
                <Icon size={18} aria-hidden />
                <span className={classes.name}>{label}</span>
              </Command.Item>
            ))}
          </Command.Group>
        )}
      </Command.List>
    </Command>
  );
}
