import { Button } from '@mantine/core';
import { IconCpu, IconPlus, IconStack2 } from '@tabler/icons-react';
import { Link, NavLink, Outlet, ScrollRestoration } from 'react-router';
import { Banner } from './Banner.tsx';
import { DropAnywhere } from './DropAnywhere.tsx';
import { Find } from './Find.tsx';
import { LateNotices } from './LateNotices.tsx';
import { LeaveWarning } from './LeaveWarning.tsx';
import { LogoMark } from './Logo.tsx';
import { SchemeSwitch } from './SchemeSwitch.tsx';
import classes from './Shell.module.css';
import { SignOut } from './SignOut.tsx';
import { SubmissionChip } from './SubmissionChip.tsx';

/** What stands around every page. */
export function Shell() {
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
            <NavLink to="/workers" className={classes.link ?? ''}>
              Workers
            </NavLink>
          </nav>
          <div className={classes.side}>
            <SubmissionChip />
            <Find />
            <SignOut />
            <SchemeSwitch />
            <Button
              className={classes.new ?? ''}
              component={Link}
              to="/new"
              size="sm"
              leftSection={<IconPlus size={17} aria-hidden />}
            >
              New job
            </Button>
          </div>
        </div>
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
        <NavLink to="/new" className={classes.link ?? ''}>
          <IconPlus size={21} aria-hidden />
          New job
        </NavLink>
        <NavLink to="/workers" className={classes.link ?? ''}>
          <IconCpu size={21} aria-hidden />
          Workers
        </NavLink>
      </nav>
      <DropAnywhere />
      <LeaveWarning />
      <LateNotices />
      <ScrollRestoration />
    </>
  );
}
