import type { Letter } from './mailer.ts';

/** A day and time that reads the same wherever the mail is opened. */
const until = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** One line: a name may come from anyone, and must not become a heading or a second line. */
const line = (text: string): string =>
  text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, 100);

type Link = { to: string; url: string; expiresAt: number };

export const invitationLetter = ({
  to,
  url,
  expiresAt,
  team,
  by,
}: Link & { team: string; by: string }): Letter => ({
  to,
  subject: `Invitation to the team ${line(team)} on Parallel Pilot`,
  text: `${line(by)} invites you to the team ${line(team)} of a farm that renders and trains.

Open this link to join. It is for you alone, works once, and ends on ${until(expiresAt)}:

${url}

If you do not know what this is about, nothing happens without the link.
`,
});

export const resetLetter = ({ to, url, expiresAt }: Link): Letter => ({
  to,
  subject: 'A new password for Parallel Pilot',
  text: `Somebody, most likely you, asked for a new password for the account with this e-mail.

Open this link to set it. It works once, and ends on ${until(expiresAt)}:

${url}

If it was not you, do nothing: the password stays what it is.
`,
});

export const verificationLetter = ({ to, url, expiresAt }: Link): Letter => ({
  to,
  subject: 'Is this your e-mail? Parallel Pilot asks',
  text: `Somebody, most likely you, gave this e-mail for an account on Parallel Pilot.

Open this link to say that it is yours. It works once, and ends on ${until(expiresAt)}:

${url}

If it was not you, do nothing.
`,
});
