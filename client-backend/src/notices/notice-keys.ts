import { createECDH, createHmac } from 'node:crypto';
import type { NoticeChannelId } from '@parallel-pilot/shared/model/ids.ts';

export type VapidKeys = { publicKey: string; privateKey: string };

/**
 * The key pair by which browsers' push services know this farm (RFC 8292). It follows from the farm's signing key, so
 * all backends have the same one and it stays as long as that does.
 */
export function vapidKeys(signingKey: string): VapidKeys {
  for (let count = 0; ; count += 1) {
    const ecdh = createECDH('prime256v1');
    try {
      ecdh.setPrivateKey(createHmac('sha256', signingKey).update(`web-push ${count}`).digest());
    } catch {
      // One of 2^32 numbers of this length is no key of the curve.
      continue;
    }
    const privateKey = ecdh.getPrivateKey().toString('base64url').padStart(43, 'A');
    return { publicKey: ecdh.getPublicKey().toString('base64url'), privateKey };
  }
}

/** What a webhook's requests are signed with, in the form of https://www.standardwebhooks.com. Another for each webhook. */
export const webhookSecret = (signingKey: string, channel: NoticeChannelId): string =>
  `whsec_${createHmac('sha256', signingKey).update(`webhook ${channel}`).digest('base64')}`;
