import type { LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import { parseMessage } from '@parallel-pilot/shared/protocol/parse.ts';
import { Reply } from '@parallel-pilot/shared/protocol/refusals.ts';
import { HEARTBEAT_MS } from '@parallel-pilot/shared/protocol/version.ts';
import type {
  Assign,
  Drain,
  Lend,
  Preempt,
  Reclaim,
  Revoke,
  Welcome,
} from '@parallel-pilot/shared/protocol/workers.ts';
import type { ServerConfig } from '@parallel-pilot/shared/server/config.ts';
import { gangSecret, signLease } from '@parallel-pilot/shared/server/signature.ts';
import type { Socket } from 'socket.io';
import type { Inbound } from '../effects/inbound.ts';
import type { Wire } from '../effects/perform.ts';
import type { SessionId } from '../farm/farm.ts';
import type { Replies } from './replies.ts';

const ANSWER_WITHIN_MS = 20_000;

export type WireParts = {
  sessions: Map<SessionId, Socket>;
  replies: Replies;
  push: (event: Inbound) => void;
  signingKey: string;
  config: Pick<ServerConfig, 'publicUrl' | 'backendPort'>;
};

/** Sends messages to workers, and turns their replies into events. */
export function createWire({ sessions, replies, push, signingKey, config }: WireParts): Wire {
  const backend = config.publicUrl === null ? { port: config.backendPort } : { url: config.publicUrl };
  const secretOf = (members: readonly { lease: LeaseId }[]) =>
    gangSecret(
      members.map(({ lease }) => lease),
      signingKey,
    );
  return {
    reply: (to, reply) => replies.answer(to, reply),
    welcome(to, { drop, credential, lending }) {
      const own = { lending, ...(credential === null ? {} : { credential }) };
      replies.answer(to, { ok: true, drop, heartbeatMs: HEARTBEAT_MS, backend, ...own } satisfies Welcome);
    },
    assign(session, assign) {
      const { gang, ...rest } = assign;
      const message: Assign = {
        ...rest,
        ...(gang === undefined ? {} : { gang: { ...gang, secret: secretOf(gang.members) } }),
        signature: signLease(assign.lease, signingKey),
      };
      ask(session, 'assign', message, (reply) => {
        if (reply?.ok !== true) {
          push({ type: 'assign-refused', session, lease: assign.lease, code: reply?.code ?? 'unanswered' });
        }
      });
    },
    reclaim(session, lease) {
      ask(session, 'reclaim', { lease } satisfies Reclaim, (reply) => {
        if (reply !== null) push({ type: 'reclaim-answered', session, lease, given: reply.ok });
      });
    },
    // Whatever the worker answers, the lease ends by its report, or by the clock.
    preempt(session, lease, noticeMs) {
      sessions.get(session)?.emit('preempt', { lease, noticeMs } satisfies Preempt, () => {});
    },
    revoke(session, leases) {
      sessions.get(session)?.emit('revoke', { leases } satisfies Revoke, () => {});
    },
    drain(session) {
      sessions.get(session)?.emit('drain', {} satisfies Drain, () => {});
    },
    lend(session, lending) {
      sessions.get(session)?.emit('lend', { lending } satisfies Lend, () => {});
    },
    close(session, why) {
      const socket = sessions.get(session);
      // A client that is told to go stays away, or is told why when it comes back; one whose connection breaks comes back.
      if (why === 'silent') socket?.conn.close();
      else socket?.disconnect(true);
    },
  };

  /** Null when there is no proper answer in time; nothing at all when the connection ends meanwhile. */
  function ask(
    session: SessionId,
    name: string,
    message: unknown,
    answered: (reply: Reply | null) => void,
  ): void {
    const socket = sessions.get(session);
    socket?.timeout(ANSWER_WITHIN_MS).emit(name, message, (error: Error | null, answer: unknown) => {
      if (sessions.get(session) !== socket) return;
      const reply = parseMessage(Reply, answer);
      answered(error === null && reply.ok ? reply.message : null);
    });
  }
}
