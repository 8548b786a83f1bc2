import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import type { Lending } from '@parallel-pilot/shared/model/lending.ts';
import type { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import type { Offer } from '@parallel-pilot/shared/model/resources.ts';
import type { GangAddress } from '@parallel-pilot/shared/protocol/gang.ts';
import { type RefusalCode, refusal } from '@parallel-pilot/shared/protocol/refusals.ts';
import type { Heartbeat, Hello } from '@parallel-pilot/shared/protocol/workers.ts';
import type { Assets } from '../assets/assets.ts';
import type { CallPort } from '../calls/call-port.ts';
import type { WorkerConfig } from '../config.ts';
import type { Log } from '../log.ts';
import { type Accepted, Connection } from './connection.ts';
import type { Identity } from './data-folder.ts';
import type { FarmAccess } from './farm-access.ts';
import type { LeaseLoop } from './lease-loop.ts';
import { createLoadMeter, describeMachine } from './machine.ts';
import type { Terms } from './terms.ts';
import type { TermsWatch } from './watch-terms.ts';

/** What is lent of this machine by now. */
export type Lends = {
  terms: Pick<Terms, 'own'>;
  watch: Pick<TermsWatch, 'lent' | 'open' | 'setByFarm'>;
  offer(): Offer;
  capabilities(): Capabilities;
};

/** How a worker's life ended. `message` is a sentence for people. */
export type WorkerExit = {
  code: 0 | 1;
  reason: 'drained' | 'left' | 'refused' | 'cannot-start';
  message: string;
};

export type AgentOptions = {
  config: WorkerConfig;
  identity: Identity;
  access: FarmAccess;
  lends: Lends;
  /** By which calls reach what runs. */
  calls: CallPort;
  /** Where others reach gang members of this worker; undefined where there are none. */
  gang: GangAddress | undefined;
  log: Log;
  onReady(): void;
};

/** Results that cannot be delivered hold up a worker that was told to go for so long, milliseconds. */
const LAST_DELIVERY_MS = 30_000;
const FAREWELL_MS = 2_000;

/** One worker's presence in the farm: joins, reports, and leaves in order. */
export class Agent {
  readonly connection: Connection;
  readonly ended: Promise<WorkerExit>;
  readonly #end: (exit: WorkerExit) => void;
  readonly #options: AgentOptions;
  readonly #load = createLoadMeter();
  readonly #instance = randomBytes(16).toString('hex');
  #parts: { loop: LeaseLoop; assets: Assets } | undefined;
  #backend: string | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #lastDelivery: NodeJS.Timeout | undefined;
  #ready = false;
  /** What was said last over this connection. */
  #said: Pick<Heartbeat, 'offer' | 'lent'> = {};
  #wasLent = true;
  #able: unknown;
  /** What the last hello said has started. */
  #saidStarted: ReadonlySet<LeaseId> = new Set();

  constructor(options: AgentOptions) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<WorkerExit>();
    this.ended = promise;
    this.#end = resolve;
    this.connection = new Connection(
      options.config.join,
      () => options.access.token() ?? '',
      {
        hello: () => this.#hello(),
        welcomed: (welcome) => this.#welcomed(welcome),
        lost: () => clearInterval(this.#heartbeat),
        refused: (code, message) => this.#refused(code, message),
        assign: (message) => (this.#lends.watch.lent.open ? this.#loop.assign(message) : refusal('busy')),
        reclaim: ({ lease }) => this.#loop.reclaim(lease),
        preempt: ({ lease, noticeMs }) => this.#loop.preempt(lease, noticeMs),
        revoke: ({ leases }) => {
          this.#loop.end(leases);
          return { ok: true };
        },
        drain: () => {
          // Answered first: what is told of it goes over the same connection.
          setImmediate(() => this.drain());
          return { ok: true };
        },
        lend: ({ lending }) => {
          // Answered first: it may have to say hello anew.
          setImmediate(() => this.#takeTerms(lending));
          return { ok: true };
        },
        call: (call) => options.calls.take(call),
        retire: ({ lease }) => {
          options.calls.retire(lease);
          return { ok: true };
        },
        forget: ({ blobs }) => {
          this.#parts?.assets.cache.forget(blobs);
          return { ok: true };
        },
      },
      options.log,
    );
  }

  /** Base URL of the backend. Nothing asks before the farm has welcomed the worker. */
  get backend(): string {
    if (this.#backend === undefined) throw new Error('the backend was asked for before the welcome');
    return this.#backend;
  }

  start(parts: { loop: LeaseLoop; assets: Assets }): void {
    this.#parts = parts;
    this.#wasLent = this.#lends.watch.lent.open;
    this.#lends.watch.open({ onLent: () => this.#lentOrNot(), onTerms: () => this.#termsChanged() });
    this.connection.open();
  }

  /** Finishes what runs, delivers, and ends; gives back what has not started. */
  drain(): void {
    if (this.#loop.mode !== 'working') return;
    this.#loop.mode = 'draining';
    const running = this.#loop.running;
    const { log } = this.#options;
    log.info(
      { event: 'worker.draining', running },
      `Leaving after the work under way (${running}). Once more to leave at once.`,
    );
    const leases = this.#loop.releaseUnstarted();
    if (leases.length > 0) void this.connection.ask('released', { leases, reason: 'The worker is leaving.' });
    // What lasts until it is told so ends.
    this.#options.calls.retireAll();
    this.#beat();
    this.changed();
  }

  /** The machine is lent again, or no longer. */
  #lentOrNot(): void {
    const { lent } = this.#lends.watch;
    if (lent.open === this.#wasLent || this.#loop.mode !== 'working') {
      this.#beat();
      return;
    }
    this.#wasLent = lent.open;
    const fields = { event: 'worker.lent', lent, running: this.#loop.running };
    if (lent.open) {
      this.#options.log.info(fields, 'This machine is lent again: work is taken.');
      this.#beat();
    } else {
      const why =
        lent.because === 'hours' ? 'The hours of this machine are over' : 'Somebody uses this machine';
      this.#options.log.info(fields, `${why}: no work is taken.`);
      this.#takeNothing(`${why}.`);
    }
  }

  /** From now on nothing more is begun: what has not started goes back, what runs is finished. */
  #takeNothing(reason: string): void {
    this.#beat();
    this.#options.calls.retireAll();
    this.#giveBackUnstarted(reason);
  }

  #giveBackUnstarted(reason: string): void {
    const leases = this.#loop.releaseUnstarted();
    if (leases.length > 0) void this.connection.ask('released', { leases, reason });
  }

  /** What people let it lend at most. The farm has judged by that and what it knew so far: it is told all anew. */
  #takeTerms(lending: Lending): void {
    this.#said = {};
    this.#lends.watch.setByFarm(lending);
    this.#beat();
  }

  /** What was not begun was given under other terms. */
  #termsChanged(): void {
    if (this.#loop.mode !== 'working') return;
    this.#beat();
    this.#giveBackUnstarted('What is lent of this machine has changed.');
    // Other kinds, or other data, than hello has said.
    if (!isDeepStrictEqual(this.#lends.capabilities(), this.#able))
      this.connection.rejoin('this worker is lent for other work now');
  }

  /** Stops what runs and ends. */
  async leave(reason: string): Promise<void> {
    if (this.#loop.mode === 'leaving') return;
    this.#loop.mode = 'leaving';
    this.#options.log.info({ event: 'worker.leaving' }, `Leaving at once: ${reason}`);
    await Promise.all([this.connection.ask('leaving', { reason }, FAREWELL_MS), this.#loop.stop()]);
    this.#end({ code: 0, reason: 'left', message: reason });
  }

  /** A run or a lease ended: looks whether a draining worker may go. */
  changed(): void {
    if (this.#loop.mode !== 'draining' || this.#loop.running > 0) return;
    clearTimeout(this.#lastDelivery);
    if (this.#loop.undelivered > 0) {
      this.#lastDelivery = setTimeout(() => void this.#goWithout(), LAST_DELIVERY_MS);
      return;
    }
    this.#loop.mode = 'leaving';
    void this.connection
      .ask('leaving', { reason: 'The worker was asked to leave.' }, FAREWELL_MS)
      .then(() => this.#end({ code: 0, reason: 'drained', message: 'All work is delivered.' }));
  }

  close(): void {
    clearInterval(this.#heartbeat);
    clearTimeout(this.#lastDelivery);
    this.connection.close();
  }

  get #lends(): Lends {
    return this.#options.lends;
  }

  get #loop(): LeaseLoop {
    if (this.#parts === undefined) throw new Error('the agent was used before it was started');
    return this.#parts.loop;
  }

  #hello(): Hello {
    const { identity, config, gang } = this.#options;
    const { terms, watch, offer, capabilities } = this.#lends;
    const able = capabilities();
    this.#able = able;
    const said = { offer: offer(), lent: watch.lent };
    this.#said = said;
    const leases = this.#loop.leases().slice(0, 4_096);
    this.#saidStarted = new Set(leases.filter((it) => it.started).map((it) => it.lease));
    return {
      ...identity,
      instance: this.#instance,
      name: config.name,
      slots: config.slots,
      ...said,
      lending: terms.own,
      capabilities: able,
      machine: describeMachine(),
      tags: config.tags,
      pools: config.pools,
      ...(gang === undefined ? {} : { gang }),
      blobs: this.#parts?.assets.cache.hashes.slice(0, 10_000) ?? [],
      leases,
    };
  }

  #welcomed({ drop, heartbeatMs, backend, credential, lending }: Accepted): void {
    const { config, log, access } = this.#options;
    if (credential !== undefined) access.keep(credential);
    this.#backend = config.backend ?? ('url' in backend ? backend.url : onPort(config.join, backend.port));
    clearInterval(this.#heartbeat);
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs);
    log.info(
      { event: 'farm.joined', farm: config.join, backend: this.#backend, dropped: drop.length },
      `Connected to ${config.join} as ${config.name} with ${config.slots} ${config.slots === 1 ? 'slot' : 'slots'}.`,
    );
    this.#loop.end(drop);
    this.#takeTerms(lending);
    this.connection.send('callable', this.#options.calls.list());
    // What started between hello and welcome could not be told yet.
    for (const { lease, started } of this.#loop.leases()) {
      if (started && !this.#saidStarted.has(lease)) this.connection.send('started', { lease });
    }
    if (!this.#ready) this.#options.onReady();
    this.#ready = true;
  }

  #refused(code: RefusalCode, message: string): void {
    if (code === 'bad-token' && this.#options.access.fallBack()) {
      this.connection.open();
      return;
    }
    this.#options.log.error({ event: 'farm.refused', code }, `The farm refused this worker: ${message}`);
    this.#loop.mode = 'leaving';
    void this.#loop.stop().then(() => this.#end({ code: 1, reason: 'refused', message }));
  }

  #beat(): void {
    const { offer, watch } = this.#lends;
    const now = { offer: offer(), lent: watch.lent };
    this.connection.send('heartbeat', {
      ...this.#load(),
      draining: this.#loop.mode !== 'working',
      ...(isDeepStrictEqual(now.offer, this.#said.offer) ? {} : { offer: now.offer }),
      ...(isDeepStrictEqual(now.lent, this.#said.lent) ? {} : { lent: now.lent }),
    });
    if (this.connection.welcome) this.#said = now;
  }

  async #goWithout(): Promise<void> {
    const count = this.#loop.undelivered;
    this.#loop.mode = 'leaving';
    await this.#loop.stop();
    await this.connection.ask('leaving', { reason: 'Results could not be delivered.' }, FAREWELL_MS);
    const message = `${count} results could not be delivered. They are kept on disk and delivered at the next start, if the farm still waits for them.`;
    this.#options.log.warn({ event: 'worker.undelivered', count }, message);
    this.#end({ code: 0, reason: 'drained', message });
  }
}

function onPort(join: string, port: number): string {
  const url = new URL(join);
  url.port = String(port);
  return url.origin;
}
