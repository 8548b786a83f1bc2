import type { Call, CallEnd, Retire } from '@parallel-pilot/shared/protocol/calls.ts';
import { handshake, isTokenRefused } from '@parallel-pilot/shared/protocol/handshake.ts';
import { parseMessage } from '@parallel-pilot/shared/protocol/parse.ts';
import { REFUSALS, type RefusalCode, Reply, refusal } from '@parallel-pilot/shared/protocol/refusals.ts';
import {
  type Assign,
  BALANCER_MESSAGES,
  ConnectRefusal,
  type Drain,
  type Forget,
  type Hello,
  type Lend,
  type Preempt,
  type Reclaim,
  type Revoke,
  Welcome,
  type WORKER_MESSAGES,
} from '@parallel-pilot/shared/protocol/workers.ts';
import { io, type Socket } from 'socket.io-client';
import type { z } from 'zod';
import { backoffMs } from '../backoff.ts';
import type { Log } from '../log.ts';

type Messages = { [Name in keyof typeof WORKER_MESSAGES]: z.infer<(typeof WORKER_MESSAGES)[Name]> };
type Told = 'heartbeat' | 'started' | 'progress' | 'blobs-changed' | 'callable';
type Asked = 'done' | 'failed' | 'preempted' | 'released' | 'leaving';
export type Accepted = Extract<Welcome, { ok: true }>;

/** What the connection asks of the agent. All of it is called synchronously, in the order of arrival. */
export type ConnectionHandlers = {
  hello(): Hello;
  welcomed(welcome: Accepted): void;
  lost(reason: string): void;
  /** The farm will not have this worker; nothing is tried again. */
  refused(code: RefusalCode, message: string): void;
  assign(message: Assign): Reply;
  reclaim(message: Reclaim): Reply;
  preempt(message: Preempt): Reply;
  revoke(message: Revoke): Reply;
  forget(message: Forget): Reply;
  drain(message: Drain): Reply;
  lend(message: Lend): Reply;
  /** Answered when it is over. Never rejects. */
  call(message: Call): Promise<CallEnd>;
  retire(message: Retire): Reply;
};

const ACK_MS = 10_000;
const TELL_AGAIN_MS = 60_000;
const FOR_GOOD: readonly RefusalCode[] = [
  'protocol-mismatch',
  'bad-token',
  'token-used-up',
  'token-expired',
  'token-revoked',
  'worker-removed',
  'credential-of-another',
];

/** The socket to the load balancer: joins, says hello after every connect, and comes back for ever. */
export class Connection {
  readonly #socket: Socket;
  readonly #token: () => string;
  readonly #handlers: ConnectionHandlers;
  readonly #log: Log;
  #welcome = Promise.withResolvers<void>();
  #isWelcome = false;
  #failures = 0;
  #told = { reason: '', at: 0 };
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  /** `token` is asked before each attempt. */
  constructor(join: string, token: () => string, handlers: ConnectionHandlers, log: Log) {
    this.#handlers = handlers;
    this.#log = log;
    this.#token = token;
    this.#socket = io(`${join}/workers`, {
      ...handshake(token()),
      // A refusal by the server ends Socket.IO's own reconnecting, so all of it is done here, in one way.
      reconnection: false,
      autoConnect: false,
      forceNew: true,
      timeout: ACK_MS,
    });
    this.#socket.on('connect', () => this.#sayHello());
    this.#socket.on('connect_error', (error) => this.#onConnectError(error));
    this.#socket.on('disconnect', (reason) => this.#onDisconnect(reason));
    this.#answer('assign', handlers.assign);
    this.#answer('reclaim', handlers.reclaim);
    this.#answer('preempt', handlers.preempt);
    this.#answer('revoke', handlers.revoke);
    this.#answer('forget', handlers.forget);
    this.#answer('drain', handlers.drain);
    this.#answer('lend', handlers.lend);
    this.#answer('retire', handlers.retire);
    this.#takeCalls(handlers);
  }

  get welcome(): boolean {
    return this.#isWelcome;
  }

  open(): void {
    this.#closed = false;
    this.#connect();
  }

  /** Sends what needs no reply; without a connection it is left out, since hello will tell the state. */
  send<Name extends Told>(event: Name, message: Messages[Name]): void {
    if (!this.#isWelcome) return;
    (event === 'progress' ? this.#socket.volatile : this.#socket).emit(event, message);
  }

  /** The reply, or null when none came: not connected, connection lost, or out of time. */
  ask<Name extends Asked>(event: Name, message: Messages[Name], withinMs = ACK_MS): Promise<Reply | null> {
    if (!this.#isWelcome) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.#socket.timeout(withinMs).emit(event, message, (error: Error | null, reply: unknown) => {
        const parsed = error === null ? parseMessage(Reply, reply) : null;
        resolve(parsed?.ok ? parsed.message : null);
      });
    });
  }

  /** Resolves when the farm has welcomed this worker; at once while it is connected. */
  whenWelcome(): Promise<void> {
    return this.#welcome.promise;
  }

  /** Says hello anew over a new connection: the farm does not know this one, or knows something that is past. */
  rejoin(why = 'the farm does not know this connection any more'): void {
    if (this.#isWelcome) this.#again(why);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#unwelcome();
    this.#socket.disconnect();
  }

  #connect(): void {
    const { auth, extraHeaders } = handshake(this.#token());
    this.#socket.auth = auth;
    this.#socket.io.opts.extraHeaders = extraHeaders;
    this.#socket.connect();
  }

  #takeCalls({ call }: Pick<ConnectionHandlers, 'call'>): void {
    this.#socket.on('call', (message: unknown, reply: unknown) => {
      const acknowledge = typeof reply === 'function' ? reply : () => {};
      const parsed = parseMessage(BALANCER_MESSAGES.call, message);
      if (parsed.ok) void call(parsed.message).then((end) => acknowledge(end));
      else acknowledge(refusal('invalid-message'));
    });
  }

  #answer<Name extends Exclude<keyof typeof BALANCER_MESSAGES, 'call'>>(
    event: Name,
    handle: (message: z.infer<(typeof BALANCER_MESSAGES)[Name]>) => Reply,
  ): void {
    const onMessage = (message: unknown, reply: unknown) => {
      const acknowledge = typeof reply === 'function' ? reply : () => {};
      const parsed = parseMessage(BALANCER_MESSAGES[event], message);
      if (!parsed.ok) {
        this.#log.error({ event: 'message.invalid', message: event, issue: parsed.issue });
        acknowledge(refusal('invalid-message'));
        return;
      }
      try {
        acknowledge(handle(parsed.message as z.infer<(typeof BALANCER_MESSAGES)[Name]>));
      } catch (error) {
        this.#log.error({ event: 'message.failed', message: event, err: error });
        acknowledge(refusal('invalid-message'));
      }
    };
    // Socket.IO's types do not take an event name that is itself a type parameter.
    this.#socket.on(event as string, onMessage);
  }

  #sayHello(): void {
    // By callback and not by promise: an assign may stand right behind the welcome.
    this.#socket
      .timeout(ACK_MS)
      .emit('hello', this.#handlers.hello(), (error: Error | null, reply: unknown) => {
        // A connection lost before the reply is being retried already.
        if (this.#closed || this.#retry !== undefined) return;
        if (error !== null) return this.#again('the farm did not answer');
        const parsed = parseMessage(Welcome, reply);
        if (!parsed.ok) return this.#again('the farm gave an answer that makes no sense');
        const welcome = parsed.message;
        if (!welcome.ok) return this.#onRefusal(welcome.code, welcome.message);
        this.#failures = 0;
        this.#told = { reason: '', at: 0 };
        this.#isWelcome = true;
        this.#handlers.welcomed(welcome);
        this.#welcome.resolve();
      });
  }

  #onConnectError(error: Error & { data?: unknown }): void {
    if (this.#closed) return;
    const refused = parseMessage(ConnectRefusal, error.data);
    if (refused.ok) this.#onRefusal(refused.message.code, refused.message.message);
    else if (isTokenRefused(error)) this.#onRefusal('bad-token', REFUSALS['bad-token']);
    else this.#again(`the farm cannot be reached (${reasonOf(error)})`);
  }

  #onRefusal(code: RefusalCode, message: string): void {
    if (!FOR_GOOD.includes(code)) {
      this.#again(message);
      return;
    }
    this.close();
    this.#handlers.refused(code, message);
  }

  #onDisconnect(reason: string): void {
    const wasWelcome = this.#isWelcome;
    this.#unwelcome();
    if (this.#closed) return;
    if (wasWelcome) this.#handlers.lost(reason);
    if (this.#retry === undefined) this.#again(`the connection was lost (${reason})`);
  }

  #unwelcome(): void {
    if (!this.#isWelcome) return;
    this.#isWelcome = false;
    this.#welcome = Promise.withResolvers();
  }

  #again(why: string): void {
    this.#failures += 1;
    const ms = backoffMs(this.#failures, Math.random);
    this.#logRetry(why, ms);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#connect();
    }, ms);
    // Not `disconnect()`, which is a farewell: the farm would give this worker's chunks to others.
    this.#socket.io.engine?.close();
  }

  /** The same reason is logged once a minute; at level debug, every attempt. */
  #logRetry(reason: string, ms: number): void {
    const fresh = reason !== this.#told.reason || performance.now() - this.#told.at > TELL_AGAIN_MS;
    if (fresh) this.#told = { reason, at: performance.now() };
    const fields = { event: 'farm.unreachable', reason, retryInMs: Math.round(ms) };
    this.#log[fresh ? 'warn' : 'debug'](fields, `Not connected: ${reason}. Trying again until it works.`);
  }
}

/** Socket.IO says "websocket error"; what the network said stands below it. */
function reasonOf(error: Error & { description?: unknown }): string {
  const below = error.description;
  const inner = typeof below === 'object' && below !== null && 'error' in below ? below.error : below;
  return inner instanceof Error && inner.message !== '' ? inner.message : error.message;
}
