import { PROTOCOL_VERSION } from './version.ts';

/** The HTTP header by which a connection to the load balancer is let in at all; any characters of a token pass. */
export const bearerOf = (token: string): string => `Bearer ${encodeURIComponent(token)}`;

/**
 * Socket.IO's client options for `/workers` and `/control`. The token goes with
 * the HTTP request, so that a stranger gets no WebSocket to fill, and once more
 * with the namespace, whose refusal has a reason.
 */
export const handshake = (token: string, protocol: number = PROTOCOL_VERSION) => ({
  transports: ['websocket'],
  auth: { protocol, token },
  extraHeaders: { authorization: bearerOf(token) },
});

/** True for the `connect_error` of a token that neither namespace knows: the HTTP request was answered with 401. */
export function isTokenRefused(error: Error & { description?: unknown }): boolean {
  const { description } = error;
  const inner = typeof description === 'object' && description !== null && 'error' in description;
  const reason = inner ? description.error : description;
  return reason instanceof Error && /\bserver response: 401$/.test(reason.message);
}
