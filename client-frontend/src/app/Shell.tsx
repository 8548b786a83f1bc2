import { Button } from '@mantine/core';
import { IconCpu, IconPlus, IconStack2, IconUsers } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { Link, NavLink, Outlet, ScrollRestoration } from 'react-router';
import { useMay, useSession } from '../api/session.ts';
import { useFetched } from '../components/use-fetched.ts';
import { OWN_PAGES } from '../kinds/registry.ts';
import { Banner } from './Banner.tsx';
import { DropAnywhere } from './DropAnywhere.tsx';
import { Find } from './Find.tsx';
import { LeaveWarning } from './LeaveWarning.tsx';
import { LogoMark } from './Logo.tsx';
import { NoticeBell } from './NoticeBell.tsx';
import { SchemeSwitch } from './SchemeSwitch.tsx';
import classes from './Shell.module.css';
import { useSubmission } from './submission.ts';

// Who sits at the machine itself has no account, and nobody acts as them.
const accountSwitch = async () => (await import('./AccountSwitch.tsx')).AccountSwitch;
const impersonation = async () => (await import('./Impersonation.tsx')).Impersonation;

const submissionChip = async () => (await import('./SubmissionChip.tsx')).SubmissionChip;
const lateNotices = async () => (await import('./LateNotices.tsx')).LateNotices;
/** Whoever is to be told of jobs looks at something else by then. */
const LATE_MS = 3_000;

/** What stands around every page. */
export function Shell() {
  const may = useMay();
  const session = useSession();
  const accounts = session !== undefined && session.mode !== 'local';
  const AccountSwitch = useFetched(accountSwitch, accounts);
  const Impersonation = useFetched(impersonation, session !== undefined && session.impersonator !== null);
  const submits = may('jobs.submit');
  const SubmissionChip = useFetched(submissionChip, useSubmission().phase !== 'idle');
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(setLate, LATE_MS, true);
    return () => clearTimeout(timer);
  }, []);
  const LateNotices = useFetched(lateNotices, late);
  return (
    <>
      <a className={classes.skip} href="#main">
        Skip to the page
      </a>
      <header className={classes.header}>
        <div className={classes.bar}>
          <Link to="/" className={classes.brand} aria-label="Parallel Pilot, to the jobs">
            <LogoMark />
            <span>
              Parallel <em>Pilot</em>
            </span>
          </Link>
          <nav className={classes.nav} aria-label="Pages">
            <NavLink to="/" end className={classes.link ?? ''}>
              Jobs
            </NavLink>
            {OWN_PAGES.map(({ at, title }) => (
              <NavLink key={at} to={`/${at}`} className={classes.link ?? ''}>
                {title}
              </NavLink>
            ))}
            <NavLink to="/workers" className={classes.link ?? ''}>
              Workers
            </NavLink>
            {accounts && (
              <NavLink to="/team" className={classes.link ?? ''}>
                Team
              </NavLink>
            )}
          </nav>
          <div className={classes.side}>
            {SubmissionChip !== null && <SubmissionChip />}
            <Find />
            {may('account.see') && <NoticeBell />}
            <SchemeSwitch />
            {AccountSwitch !== null && <AccountSwitch />}
            {submits && (
              <Button
                className={classes.new ?? ''}
                component={Link}
                to="/new"
                size="sm"
                leftSection={<IconPlus size={17} aria-hidden />}
              >
                New job
              </Button>
            )}
          </div>
        </div>
        {Impersonation !== null && <Impersonation />}
        <Banner />
      </header>
      <main id="main" tabIndex={-1} className={classes.main}>
        <Outlet />
      </main>
      <nav className={classes.tabs} aria-label="Pages">
        <NavLink to="/" end className={classes.link ?? ''}>
          <IconStack2 size={21} aria-hidden />
          Jobs
        </NavLink>
        {submits && (
          <NavLink to="/new" className={classes.link ?? ''}>
            <IconPlus size={21} aria-hidden />
            New job
          </NavLink>
        )}
        {OWN_PAGES.map(({ at, title, Icon }) => (
          <NavLink key={at} to={`/${at}`} className={classes.link ?? ''}>
            <Icon size={21} aria-hidden />
            {title}
          </NavLink>
        ))}
        <NavLink to="/workers" className={classes.link ?? ''}>
          <IconCpu size={21} aria-hidden />
          Workers
        </NavLink>
        {accounts && (
          <NavLink to="/team" className={classes.link ?? ''}>
            <IconUsers size={21} aria-hidden />
            Team
          </NavLink>
        )}
      </nav>
      {submits && <DropAnywhere />}
      <LeaveWarning />
      {LateNotices !== null && <LateNotices />}
      <ScrollRestoration />
    </>
  );
}
