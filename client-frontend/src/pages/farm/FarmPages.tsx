import { NavLink, Outlet, useLocation } from 'react-router';
import { useSession } from '../../api/session.ts';
import { NotFoundPage } from '../NotFoundPage.tsx';
import { Only } from '../people/Only.tsx';
import classes from './Farm.module.css';

const SETTINGS = '/farm/settings';
const PAGES = [
  { to: '/farm/people', label: 'People' },
  { to: '/farm/teams', label: 'Teams and limits' },
  { to: SETTINGS, label: 'Settings' },
  { to: '/farm/audit', label: 'Audit' },
];

/** What admins look after. A farm of this machine alone, where nobody signs in, has its settings only. */
export function FarmPages() {
  const session = useSession();
  const { pathname } = useLocation();
  if (session === undefined) return null;
  if (session.mode === 'local') return pathname === SETTINGS ? <Outlet /> : <NotFoundPage />;
  return (
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
  );
}
