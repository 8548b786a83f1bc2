import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type LeaseId, newId, type WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import type { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import type { Offer } from '@parallel-pilot/shared/model/resources.ts';
import { handshake } from '@parallel-pilot/shared/protocol/handshake.ts';
import { Reply } from '@parallel-pilot/shared/protocol/refusals.ts';
import { HEARTBEAT_MS } from '@parallel-pilot/shared/protocol/version.ts';
import {
  Assign,
  Done,
  Failed,
  Forget,
  Hello,
  Reclaim,
  Released,
  Revoke,
  Welcome,
} from '@parallel-pilot/shared/protocol/workers.ts';
import { io, type Socket } from 'socket.io-client';

export type FakeOptions = {
  url: string;
  token: string;
  id?: WorkerId;
  identity?: string;
  instance?: string;
  name?: string;
  slots?: number;
  capabilities?: Capabilities;
  /** As it is started with. */
  tags?: string[];
  pools?: string[];
  offer?: Partial<Offer>;
  /** Works by itself: what becomes of each chunk. Without it the test answers for it. */
  run?: (assign: Assign) => Promise<Outcome>;
};

export type Outcome = Partial<Done> | { fail: Failed['code'] };

/** A worker that speaks the protocol over a real socket, every message through its schema, and renders nothing. */
export class FakeWorker {
  readonly id: WorkerId;
  readonly socket: Socket;
  readonly assigns: Assign[] = [];
  readonly revoked: LeaseId[] = [];
  readonly reclaimed: LeaseId[] = [];
  readonly started = new Set<LeaseId>();
  /** What it was told when its connection was refused. */
  refused: string | null = null;
  drained = false;
  readonly forgotten: string[] = [];
  welcome: Welcome | null = null;
  /** What it answers to an assign. */
  answer: Reply = { ok: true };
  readonly #options: FakeOptions;
  readonly #held = new Map<LeaseId, Assign>();
  readonly #identity: string;
  #running = 0;
  #heart: NodeJS.Timeout | undefined;

  constructor(options: FakeOptions) {
    this.#options = options;
    this.id = options.id ?? newId('wrk', randomBytes);
    this.#identity = options.identity ?? `secret-of-${this.id}`;
    this.socket = io(`${options.url}/workers`, {
      ...handshake(options.token),
      reconnectionDelay: 50,
      reconnectionDelayMax: 200,
      forceNew: true,
    });
    this.socket.on('connect', () => void this.#join());
    this.socket.on('connect_error', (error: Error & { data?: { code?: string } }) => {
      this.refused = error.data?.code ?? error.message;
    });
    this.socket.on('forget', (message, ack) => {
      this.forgotten.push(...Forget.parse(message).blobs);
      ack?.({ ok: true });
    });
    this.socket.on('drain', (_, ack) => {
      this.drained = true;
      ack({ ok: true });
    });
    this.socket.on('assign', (message, ack) => this.#assigned(Assign.parse(message), ack));
    this.socket.on('reclaim', (message, ack) => this.#reclaimed(Reclaim.parse(message).lease, ack));
    this.socket.on('revoke', (message, ack) => {
      for (const lease of Revoke.parse(message).leases) this.#forget(lease, this.revoked);
      ack({ ok: true });
    });
  }

  async #join(): Promise<void> {
    const { name = 'fake', slots = 1, capabilities = {}, offer = {}, tags, pools } = this.#options;
    const hello = Hello.parse({
      worker: this.id,
      identity: this.#identity,
      instance: this.#options.instance ?? `run of ${this.id}`,
      name,
      slots,
      offer: { threads: 2, memoryBytes: 1e9, diskBytes: 1e9, gpus: [], counts: {}, ...offer },
      capabilities,
      machine: { os: 'Linux', cpus: 2, memoryBytes: 1e9 },
      tags,
      pools,
      blobs: [],
      leases: Array.from(this.#held.keys(), (lease) => ({ lease, started: this.started.has(lease) })),
    });
    for (;;) {
      // Unanswered when the connection breaks under it: the next one says it again.
      const answer: unknown = await this.socket.emitWithAck('hello', hello).catch(() => null);
      if (answer === null) return;
      const welcome = Welcome.parse(answer);
      this.welcome = welcome;
      if (welcome.ok) for (const lease of welcome.drop) this.#forget(lease, this.revoked);
      if (welcome.ok || welcome.code !== 'not-ready' || !this.socket.connected) break;
      await pause(100);
    }
    clearInterval(this.#heart);
    this.#heart = setInterval(() => this.beat(), HEARTBEAT_MS);
  }

  beat(draining = false): void {
    this.socket.emit('heartbeat', { cpu: 0.5, memoryUsedBytes: 1, load: 1, draining });
  }

  /** Keeps the connection, and says nothing any more. */
  fallSilent(): void {
    clearInterval(this.#heart);
  }

  async start(lease: LeaseId): Promise<void> {
    this.started.add(lease);
    this.socket.emit('started', { lease });
  }

  async done(lease: LeaseId, more: Partial<Done> = {}): Promise<Reply> {
    const done = Done.parse({ lease, result: { ok: 1 }, files: [], busyMs: 5, log: '', ...more });
    const reply = Reply.parse(await this.socket.emitWithAck('done', done));
    if (reply.ok) this.#held.delete(lease);
    return reply;
  }

  async failed(lease: LeaseId, code: Failed['code'] = 'blender/died'): Promise<Reply> {
    const failed = Failed.parse({ lease, code, message: `It was ${code}.`, busyMs: 5, log: 'last lines' });
    const reply = Reply.parse(await this.socket.emitWithAck('failed', failed));
    if (reply.ok) this.#held.delete(lease);
    return reply;
  }

  async released(leases: LeaseId[]): Promise<Reply> {
    for (const lease of leases) this.#held.delete(lease);
    return Reply.parse(
      await this.socket.emitWithAck('released', Released.parse({ leases, reason: 'no room' })),
    );
  }

  /** Gives a chunk back by a `released` that never arrives, because the connection breaks. */
  releaseIntoTheVoid(lease: LeaseId): void {
    this.#held.delete(lease);
    this.socket.io.engine.close();
  }

  async leave(): Promise<Reply> {
    return Reply.parse(await this.socket.emitWithAck('leaving', { reason: 'the test says so' }));
  }

  /** The way a killed process goes: without a word. */
  vanish(): void {
    clearInterval(this.#heart);
    this.socket.io.reconnection(false);
    this.socket.io.engine.close();
  }

  close(): void {
    clearInterval(this.#heart);
    this.socket.disconnect();
  }

  holds(lease: LeaseId): boolean {
    return this.#held.has(lease);
  }

  #assigned(assign: Assign, ack: (reply: Reply) => void): void {
    this.assigns.push(assign);
    ack(this.answer);
    if (!this.answer.ok) return;
    this.#held.set(assign.lease, assign);
    this.#work();
  }

  #reclaimed(lease: LeaseId, ack: (reply: Reply) => void): void {
    if (this.started.has(lease) || !this.#held.has(lease)) {
      ack({ ok: false, code: 'already-started', message: 'The chunk is already being worked on.' });
      return;
    }
    this.#forget(lease, this.reclaimed);
    ack({ ok: true });
  }

  #forget(lease: LeaseId, into: LeaseId[]): void {
    this.#held.delete(lease);
    into.push(lease);
  }

  #work(): void {
    const { run, slots = 1 } = this.#options;
    if (run === undefined) return;
    for (const assign of this.#held.values()) {
      if (this.#running >= slots) return;
      if (this.started.has(assign.lease)) continue;
      this.#running += 1;
      void this.start(assign.lease);
      void run(assign).then((outcome) => this.#report(assign.lease, outcome));
    }
  }

  // Says it again until it is taken, as a real one does from its outbox.
  async #report(lease: LeaseId, outcome: Outcome): Promise<void> {
    this.#running -= 1;
    this.#work();
    while (this.#held.has(lease)) {
      const message =
        'fail' in outcome
          ? { lease, code: outcome.fail, message: 'It failed.', busyMs: 5, log: '' }
          : { lease, result: null, files: [], busyMs: 5, log: '', ...outcome };
      const reply = await this.socket
        .timeout(3_000)
        .emitWithAck('fail' in outcome ? 'failed' : 'done', message)
        .then(Reply.parse, () => null);
      if (reply?.ok || reply?.code === 'stale-lease') this.#held.delete(lease);
      else await pause(100);
      if (!this.socket.active) return;
    }
    this.#work();
  }
}
