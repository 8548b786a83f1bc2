import { NavLink, Outlet } from 'react-router';
import { OnlyWithAccounts } from '../OnlyWithAccounts.tsx';
import { Only } from '../people/Only.tsx';
import classes from './Farm.module.css';

const PAGES = [
  { to: '/farm/people', label: 'People' },
  { to: '/farm/teams', label: 'Teams and limits' },
  { to: '/farm/audit', label: 'Audit' },
];

/** What admins look after. */
export function FarmPages() {
  return (
    <OnlyWithAccounts>
      <Only action="people.manage">
        <nav className={classes.nav} aria-label="The farm">
          {PAGES.map(({ to, label }) => (
            <NavLink key={to} to={to} className={classes.link ?? ''}>
              {label}
            </NavLink>
          ))}
        </nav>
        <Outlet />
      </Only>
    </OnlyWithAccounts>
  );
}
