import { secretSetting } from '@parallel-pilot/shared/files/secret-files.ts';

export type MailConfig = { url: URL; from: string };

/** Null where no server for mail is set. Throws an Error with a sentence for what does not fit. */
export function readMailConfig(env: NodeJS.ProcessEnv): MailConfig | null {
  const text = secretSetting(env, 'PILOT_SMTP_URL', 'PILOT_SMTP_URL_FILE');
  const from = env.PILOT_MAIL_FROM?.trim() ?? '';
  if (text === undefined || text === '') return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  // Not repeated: it may hold a password.
  if (url === null || !['smtp:', 'smtps:'].includes(url.protocol))
    throw new Error('PILOT_SMTP_URL must be as in smtps://user:password@mail.example:465.');
  if (!/^[^\r\n]*[^\s@<>]+@[^\s@<>]+>?$/.test(from))
    throw new Error('PILOT_SMTP_URL is set, but PILOT_MAIL_FROM is no sender: The farm <farm@example.org>.');
  return { url, from };
}
