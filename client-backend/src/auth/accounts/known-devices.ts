import { createHmac, timingSafeEqual } from 'node:crypto';
import type { RandomBytes } from '@parallel-pilot/shared/model/ids.ts';
import { sha256 } from '@parallel-pilot/shared/server/secrets.ts';

/**
 * A browser that has signed in to an account shows so by a cookie that only the farm can make. It opens nothing: it
 * only keeps wrong passwords of others from slowing this browser down.
 */
export interface KnownDevices {
  /** The value of the cookie of a browser that has just signed in. */
  make(email: string): string;
  /** What to count the browser by, where the cookie is for this account; null otherwise. */
  read(cookie: string | undefined, email: string): string | null;
}

export function createKnownDevices(secret: string, random: RandomBytes): KnownDevices {
  const sign = (text: string) => createHmac('sha256', secret).update(`device:${text}`).digest('base64url');
  const accountOf = (email: string) => sha256(email.toLowerCase()).slice(0, 32);
  return {
    make(email) {
      const text = `${accountOf(email)}.${Buffer.from(random(16)).toString('base64url')}`;
      return `${text}.${sign(text)}`;
    },
    read(cookie, email) {
      const [, account = '', device = '', signature = ''] = FORM.exec(cookie ?? '') ?? [];
      if (account !== accountOf(email)) return null;
      const right = Buffer.from(sign(`${account}.${device}`));
      const given = Buffer.from(signature);
      return right.length === given.length && timingSafeEqual(right, given) ? device : null;
    },
  };
}

const FORM = /^([0-9a-f]{32})\.([\w-]{22})\.([\w-]{43})$/;
