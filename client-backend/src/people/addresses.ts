import type { Context } from 'hono';
import type { PeopleParts } from './people-parts.ts';

/**
 * The address of a page of the site, for whoever asks: as they reach it, where no public one was set. Such a Host is
 * the asker's own word, and good for an answer to them alone.
 */
export function addressFor(c: Context, { config }: Pick<PeopleParts, 'config'>, path: string): string {
  const origin = config.publicUrl === null ? new URL(c.req.url).origin : new URL(config.publicUrl).origin;
  return `${origin}${path}`;
}

/** The same for a mail, which goes to somebody else; null where nothing says how they reach the farm. */
export const addressForMail = ({ config }: Pick<PeopleParts, 'config'>, path: string): string | null =>
  config.publicUrl === null ? null : `${new URL(config.publicUrl).origin}${path}`;
