import type { IncomingHttpHeaders } from 'node:http';
import type { Principal } from '@parallel-pilot/shared/access/principal.ts';
import type { ServerConfig } from '@parallel-pilot/shared/server/config.ts';
import { clientAddress } from '@parallel-pilot/shared/server/peer-address.ts';

export type Refusal = { ok: false; status: 401 | 403 | 429; code: string; message: string };
export type AccessDecision = { ok: true } | Refusal;
export type Identification = { ok: true; principal: Principal } | Refusal;

/** A request as far as access goes; `address` is where its connection came from. */
export type AccessRequest = { method: string; headers: IncomingHttpHeaders; address: string };

/** Where the request came from, behind the proxies that are trusted. */
export const addressOf = ({ headers, address }: AccessRequest, { trustedProxies }: ServerConfig): string =>
  clientAddress(address, headers['x-forwarded-for'], trustedProxies);
