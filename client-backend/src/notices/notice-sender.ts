import { setTimeout as pause } from 'node:timers/promises';
import type { NoticeTry } from '@parallel-pilot/shared/model/notice.ts';
import { farmSettings } from '@parallel-pilot/shared/server/db/farm-settings.ts';
import {
  type ChannelRow,
  claimChannel,
  deleteOldNotices,
  dropNotices,
  dueChannels,
  dueNotices,
  leaveChannel,
  leaveChannels,
  noteTry,
  removeChannels,
} from '@parallel-pilot/shared/server/db/notices.ts';
import type { Mail } from '../mail/mail.ts';
import type { Parts } from '../parts.ts';
import { waitAfter } from './backoff.ts';
import { type Delivered, deliver, restOf, togetherOf } from './deliver.ts';
import { noticeOf } from './messages.ts';

type SenderParts = Pick<Parts, 'db' | 'secrets' | 'clock' | 'random' | 'log'> & {
  mail: Mail | null;
  /** Where people reach the farm. */
  farm: string;
  /** For a request, milliseconds; 10 s where nothing is said. */
  limitMs?: number;
};

export interface NoticeSender {
  /** Tells what is due now; never rejects. */
  round(): Promise<void>;
  /** Looks now and every 2 s. */
  start(): void;
  close(): Promise<void>;
}

const ROUND_MS = 2_000;
/** Several at once: one that does not answer holds up nobody but itself. */
const CHANNELS_AT_ONCE = 16;
/** Longer than any message takes; whoever dies while it sends leaves the channel to others after that. */
const CLAIM_MS = 60_000;
/** A channel with much to tell is left to others, and itself, after so long. */
const TURN_MS = 20_000;
const REST_AFTER_FAILURE_MS = 10_000;
/** A message that is on its way is waited for so long. */
const PATIENCE_MS = 3_000;
const KEPT_MS = 14 * 24 * 60 * 60_000;
const CLEAN_MS = 60 * 60_000;

/**
 * Tells people what stands in the outbox. A channel is claimed in the database before anything is sent by it, so of
 * several backends one does; what was sent and not noted, as a process died between, is sent again under the same id.
 */
export function createNoticeSender(parts: SenderParts): NoticeSender {
  const { db, log } = parts;
  const process = `notices:${Buffer.from(parts.random(12)).toString('hex')}`;
  const closing = new AbortController();
  let cleaned = Number.NEGATIVE_INFINITY;
  let troubled = false;
  let loop: Promise<void> = Promise.resolve();

  const round = async (): Promise<void> => {
    try {
      const now = parts.clock();
      if (now - cleaned >= CLEAN_MS) {
        await deleteOldNotices(db, now - KEPT_MS);
        cleaned = now;
      }
      const channels = await dueChannels(db, now, CHANNELS_AT_ONCE);
      if (channels.length === 0) return;
      const { private_addresses } = await farmSettings(db);
      const turn = { ...parts, process, signal: closing.signal, privateAddresses: private_addresses === 1 };
      await Promise.all(channels.map((channel) => takeTurn(turn, channel)));
      troubled = false;
    } catch (err) {
      // Once for each spell of trouble.
      if (!troubled) log.error({ event: 'notices.round-failed', err });
      troubled = true;
    }
  };

  return {
    round,
    start() {
      loop = (async () => {
        while (!closing.signal.aborted) {
          await round();
          await pause(ROUND_MS, undefined, { signal: closing.signal }).catch(() => undefined);
        }
      })();
    },
    async close() {
      closing.abort();
      const ended = await Promise.race([loop.then(() => true), pause(PATIENCE_MS, false, { ref: false })]);
      if (!ended) return;
      await leaveChannels(db, process).catch((err) => log.warn({ event: 'notices.not-left', err }));
    },
  };
}

type Turn = SenderParts & { process: string; signal: AbortSignal; privateAddresses: boolean };

/** Sends what waits for a channel, oldest first, until there is nothing more, it fails, or its time is over. */
async function takeTurn(turn: Turn, channel: ChannelRow): Promise<void> {
  const { db, process } = turn;
  const began = turn.clock();
  if (!(await claimChannel(db, channel.id, { process, now: began, until: began + CLAIM_MS }))) return;
  const left: Parameters<typeof leaveChannel>[2] = { process };
  while (!turn.signal.aborted && turn.clock() - began < TURN_MS) {
    const rows = await dueNotices(db, channel, turn.clock(), togetherOf(channel));
    const forbidden = rows.filter(({ allowed }) => !allowed).map(({ id }) => id);
    await dropNotices(db, forbidden);
    const told = rows.filter(({ allowed }) => allowed);
    if (told.length === 0 && forbidden.length === 0) break;
    if (told.length === 0) continue;
    const at = turn.clock();
    const { mail, farm, privateAddresses, signal, limitMs = 10_000 } = turn;
    const { signingKey } = turn.secrets;
    const delivered = await deliver(channel, told.map(noticeOf), {
      ...{ signingKey, farm, mail, privateAddresses, signal, limitMs },
      now: at,
    });
    // Stopped in the middle of it: whether it arrived nobody knows, and it is sent again.
    if (turn.signal.aborted && delivered.problem !== null) break;
    if (await settle(turn, channel, told, delivered, at)) return;
    const failed = delivered.problem !== null;
    const rest = Math.max(restOf(channel), failed ? REST_AFTER_FAILURE_MS : 0);
    Object.assign(left, standOf({ ...channel, ...left }, delivered, at), { next_at: turn.clock() + rest });
    if (rest > 0) break;
  }
  await leaveChannel(db, channel.id, left);
}

/** Notes what became of these. True where the channel is gone with it. */
async function settle(
  { db, clock, log }: Turn,
  channel: ChannelRow,
  told: Awaited<ReturnType<typeof dueNotices>>,
  { status, problem, gone }: Delivered,
  at: number,
): Promise<boolean> {
  const now = clock();
  const tried: NoticeTry = { at, ms: now - at, status, problem };
  const of = { event: 'notices.told', channel: channel.id, type: channel.type, notices: told.length, status };
  if (problem === null) log.info(of);
  else log.warn({ ...of, event: 'notices.not-told', problem });
  if (gone === true) {
    await removeChannels(db, [channel.id]);
    return true;
  }
  for (const [tries, alike] of Map.groupBy(told, ({ tries }) => tries)) {
    const wait = problem === null ? null : waitAfter(tries + 1);
    const state = problem === null ? 'sent' : wait === null ? 'given-up' : 'waiting';
    await noteTry(db, alike, { state, next_at: now + (wait ?? 0), tried });
  }
  return false;
}

/** What its owner sees of the channel. */
const standOf = ({ failing_since }: ChannelRow, { problem }: Delivered, at: number) =>
  problem === null ? { failing_since: null, problem: null } : { failing_since: failing_since ?? at, problem };
