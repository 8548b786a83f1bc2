import { z } from 'zod';

/** Why one side refuses what the other asked, as a closed list; docs/protocol.md says what each makes the asker do. */
export const REFUSALS = {
  'protocol-mismatch':
    'This worker speaks another protocol version than the farm. Update the older of the two.',
  'bad-token': 'The token is not valid. Ask the owner of the farm for the line by which workers join.',
  'token-used-up':
    'As many machines have joined with this token as may. Make a new one on the Workers page, or with "pilot workers token".',
  'token-expired':
    'This token has ended. Make a new one on the Workers page, or with "pilot workers token". Machines that have joined with it stay.',
  'token-revoked':
    'This token was revoked, or whoever made it may lend no machines any more. Ask for a new one.',
  'worker-removed':
    'This worker was removed from the farm. To join again, start it with another data folder (--worker-data DIR) and a new token.',
  'lender-gone':
    'Whoever lends this machine is banned from the farm, or has left the team that they lend it to. It is let in again when they are back.',
  'credential-in-use':
    'Another worker with the same data folder is connected: it was copied, or moved while the first one runs. Stop that one, or give this one a data folder and a token of its own.',
  'credential-of-another':
    'The credential of this worker is that of another one. Delete credentials.json in its data folder, and start it with a token.',
  'name-taken': 'The identity of this worker belongs to another machine. Give this one its own data folder.',
  'too-many-workers':
    'Too many new workers have joined this farm in a short time. This one is let in when it tries again a while later.',
  'stale-lease': 'The lease has ended, so the result was not taken.',
  'blob-missing': 'The result names a file that was not uploaded. Upload it and report again.',
  'not-uploaded':
    'The result names a file that was not uploaded under its lease. Upload it and report again.',
  'invalid-message': 'The message does not have the form the protocol gives it.',
  'not-allowed': 'That is not possible in the present state.',
  draining: 'The worker is leaving and takes no more work.',
  busy: 'The worker has no free slot for more work.',
  'already-started': 'The chunk is already being worked on.',
  'room-unknown': 'There is no such job.',
  'not-ready': 'The farm is starting or its database cannot be reached. Try again in a moment.',
} as const satisfies Record<string, string>;

export const RefusalCode = z.enum(Object.keys(REFUSALS) as [RefusalCode, ...RefusalCode[]]);
export type RefusalCode = keyof typeof REFUSALS;

export const Refusal = z.object({ ok: z.literal(false), code: RefusalCode, message: z.string() });
export type Refusal = z.infer<typeof Refusal>;
export const refusal = (code: RefusalCode, message: string = REFUSALS[code]): Refusal => ({
  ok: false,
  code,
  message,
});

export const Accepted = z.object({ ok: z.literal(true) });
/** The reply to every message that is acknowledged and has nothing to return. */
export const Reply = z.discriminatedUnion('ok', [Accepted, Refusal]);
export type Reply = z.infer<typeof Reply>;
