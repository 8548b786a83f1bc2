import { oneLine } from '@parallel-pilot/shared/model/printable.ts';
import { findPerson, findPersonBySubject } from '@parallel-pilot/shared/server/db/people.ts';
import { findTeam } from '@parallel-pilot/shared/server/db/teams.ts';
import { addressForMail } from './addresses.ts';
import { makeResetLink } from './links.ts';
import type { PeopleParts } from './people-parts.ts';

/** Sends an invitation to the address that it is for. False where mail cannot be sent; whoever made it hands it over then. */
export async function mailInvitation(
  parts: PeopleParts,
  link: { path: string; email: string | null; team: Parameters<typeof findTeam>[1] | null },
  by: Parameters<typeof findPerson>[1],
): Promise<boolean> {
  const url = addressForMail(parts, link.path);
  if (parts.mail === null || url === null || link.email === null) return false;
  const team = link.team === null ? undefined : await findTeam(parts.db, link.team);
  const name = oneLine((await findPerson(parts.db, by))?.name ?? 'Somebody');
  const to = team === undefined ? 'a farm of Parallel Pilot' : `the team ${oneLine(team.name)}`;
  try {
    await parts.mail.send({
      to: link.email,
      subject: `${name} invites you to ${to}`,
      text: `${name} invites you to ${to} on ${new URL(url).host}.\n\nThis link accepts it, once:\n${url}\n\nWhoever has the link can use it: do not pass it on. If you do not know ${name}, ignore this mail.\n`,
    });
    return true;
  } catch (err) {
    parts.log.warn({ event: 'mail.not-sent', err });
    return false;
  }
}

/** Sends a link to a new password, where there is such an account. Whoever asked is told the same in any case, and before. */
export async function mailReset(parts: PeopleParts, email: string): Promise<void> {
  const { accounts, mail, db } = parts;
  if (accounts === null || mail === null) return;
  const account = await accounts.records.findByEmail(email);
  const person = account === null ? undefined : await findPersonBySubject(db, account.subject);
  if (person === undefined || person.banned_at !== null) return;
  const link = await makeResetLink(parts, person.id, null, person.email === email ? email : null, false);
  const url = addressForMail(parts, link.path);
  if (url === null) return;
  await mail.send({
    to: email,
    subject: 'A new password',
    text: `Somebody asked for a new password for your account on ${new URL(url).host}.\n\nThis link sets one, once, within an hour:\n${url}\n\nIf it was not you, ignore this mail: nothing changes.\n`,
  });
}
