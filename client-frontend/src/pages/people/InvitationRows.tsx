import type { InvitationView } from '@parallel-pilot/shared/api/people.ts';
import { plural } from '../../components/format.ts';
import { AskedButton } from './AskedButton.tsx';
import classes from './People.module.css';
import { roleLabel } from './role-words.ts';

type InvitationRowsProps = {
  invitations: readonly InvitationView[];
  /** The one that is being withdrawn. */
  working: string | null;
  onWithdraw(invitation: InvitationView): void;
};

export function InvitationRows({ invitations, working, onWithdraw }: InvitationRowsProps) {
  const now = Date.now();
  return (
    <ul className={classes.rows}>
      {invitations.map((one) => {
        const who = one.email ?? 'Whoever has the link';
        return (
          <li key={one.id} className={classes.row}>
            <div className={classes.main}>
              <b>{who}</b>
              <small>
                {[
                  one.role === null ? null : roleLabel(one.role),
                  one.createdBy === null ? null : `by ${one.createdBy.name}`,
                  `good for ${plural(Math.max(1, Math.ceil((one.expiresAt - now) / 86_400_000)), 'day')}`,
                ]
                  .filter((part) => part !== null)
                  .join(' · ')}
              </small>
            </div>
            <AskedButton
              label="Withdraw"
              about={`Withdraw the invitation of ${who}`}
              title="Withdraw this invitation?"
              text="Its link opens nothing any more."
              go="Withdraw"
              working={working === one.id}
              onGo={() => onWithdraw(one)}
            />
          </li>
        );
      })}
    </ul>
  );
}
