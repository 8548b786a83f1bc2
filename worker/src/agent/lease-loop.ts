import { join } from 'node:path';
import { CHECKPOINT } from '@parallel-pilot/shared/model/checkpoint.ts';
import { failureCode } from '@parallel-pilot/shared/model/failures.ts';
import type { LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import type { Used } from '@parallel-pilot/shared/model/resources.ts';
import type { GangPlace } from '@parallel-pilot/shared/protocol/gang.ts';
import type { Reply } from '@parallel-pilot/shared/protocol/refusals.ts';
import type { Assign, DeliveredFile, Hello } from '@parallel-pilot/shared/protocol/workers.ts';
import type { Assets } from '../assets/assets.ts';
import type { CallPort } from '../calls/call-port.ts';
import { isDiskFull } from '../disk-full.ts';
import { GangLink } from '../gang/gang-link.ts';
import type { GangPort } from '../gang/gang-port.ts';
import type { GangMember, RunnableChunk, RunOutcome } from '../kinds/kind.ts';
import type { Cards } from '../kinds/visible-cards.ts';
import type { Log } from '../log.ts';
import { AtWork, type AtWorkParts } from './at-work.ts';
import { logOutcome, logPreempted, logStopped } from './chunk-log.ts';
import type { Delivery } from './delivery.ts';
import type { DiskRoom } from './disk-room.ts';
import type { EarlyUploads } from './early-uploads.ts';
import {
  answerAssign,
  answerReclaim,
  chooseNext,
  EndedLeases,
  type Held,
  hasStarted,
  type Mode,
  type Phase,
  type Preemption,
} from './held.ts';
import { type Outbox, type OutboxEntry, sourceOf } from './outbox.ts';
import { prepareChunk } from './prepare-chunk.ts';
import type { ProgressReport } from './progress-report.ts';
import { NOTHING_SPENT, RunClock, type Spent } from './run-clock.ts';
import type { Slot } from './slot.ts';

export type LeaseLoopParts = AtWorkParts & {
  assets: Assets;
  outbox: Outbox;
  delivery: Delivery;
  progress: ProgressReport;
  disk: DiskRoom;
  /** Where others reach members of gangs here; null where there can be none. */
  gangPort: GangPort | null;
  /** By which calls reach what runs. */
  calls: CallPort;
  log: Log;
  onStarted(lease: LeaseId): void;
  /** This lease will not be worked on here, through no fault of its chunk. */
  onRelease(lease: LeaseId, reason: string): void;
  /** Something ended: a run, or a lease. */
  onChange(): void;
};

type Failed = Extract<RunOutcome, { ok: false }>;

/** One that failed of itself meanwhile has failed. */
const wasPreempted = (outcome: RunOutcome, { notice, halt }: Preemption): outcome is Failed =>
  !outcome.ok &&
  (outcome.code === 'without-peers' ||
    (notice.signal.aborted &&
      (outcome.code === 'preempted' || (halt.signal.aborted && outcome.code === 'canceled'))));

const gangOf = (lease: LeaseId, place: GangPlace, port: GangPort): GangMember => ({
  rank: place.rank,
  size: place.members.length,
  open: (folder) => GangLink.open({ lease, place, port }, folder),
});

type Ready = Held & { phase: Extract<Phase, { at: 'ready' }> };
type Places = Ready['phase']['places'];
type Ran = { held: Held; assign: Assign; places: Places; preemption: Preemption; early: EarlyUploads };

/** Of a chunk that is over so soon, milliseconds, nobody is told that it began: its result says so. */
const BRIEF_MS = 50;

/**
 * What becomes of every lease: inputs fetched while others run, run when a slot
 * is free, delivered while the slot already runs the next.
 */
export class LeaseLoop {
  mode: Mode = 'working';
  readonly #parts: LeaseLoopParts;
  readonly #held = new Map<LeaseId, Held>();
  readonly #ended = new EndedLeases();
  readonly #tasks = new Set<Promise<void>>();
  readonly #atWork: AtWork;

  constructor(parts: LeaseLoopParts) {
    this.#parts = parts;
    this.#atWork = new AtWork(parts);
  }

  /** By all chunks at work. */
  get inUse(): Used {
    return this.#atWork.inUse;
  }

  get running(): number {
    return this.#parts.slots.filter((slot) => slot.busy).length;
  }

  get undelivered(): number {
    return this.#held.size;
  }

  leases(): Hello['leases'] {
    return [...this.#held.values()].map((held) => ({ lease: held.lease, started: hasStarted(held) }));
  }

  assign(assign: Assign): Reply {
    const worker = { slots: this.#parts.slots.length, mode: this.mode, diskFull: this.#parts.disk.full };
    const { reply, take } = answerAssign(this.#held, this.#ended.all, assign.lease, worker);
    if (take) {
      const held: Held = {
        lease: assign.lease,
        stop: new AbortController(),
        phase: { at: 'fetching', assign },
      };
      this.#held.set(held.lease, held);
      this.#track(this.#prepare(held, assign), held);
    }
    return reply;
  }

  reclaim(lease: LeaseId): Reply {
    const { reply, drop } = answerReclaim(this.#held, this.#ended.all, lease);
    if (drop) this.end([lease]);
    return reply;
  }

  /** The chunk is to end within that time, with a checkpoint where its kind can leave one. */
  preempt(lease: LeaseId, noticeMs: number): Reply {
    const held = this.#held.get(lease);
    if (held === undefined || held.phase.at === 'delivering') return { ok: true };
    if (held.phase.at !== 'running') {
      this.end([lease]);
      this.#parts.onRelease(lease, 'It was taken back before it had begun.');
      return { ok: true };
    }
    const { preemption } = held.phase;
    preemption.notice.abort();
    preemption.timer ??= setTimeout(() => preemption.halt.abort(), noticeMs);
    return { ok: true };
  }

  /** These leases are over: their work is stopped and forgotten. */
  end(leases: readonly LeaseId[]): void {
    for (const lease of leases) {
      const held = this.#held.get(lease);
      if (held === undefined) continue;
      this.#forget(held);
      held.stop.abort('ended');
      if (held.phase.at === 'ready') this.#abandon(held, held.phase);
    }
    this.#pump();
    this.#parts.onChange();
  }

  /** Takes up results that an earlier process left. */
  adopt(entries: readonly OutboxEntry[]): void {
    for (const entry of entries) {
      const { lease } = entry.message;
      const held: Held = { lease, stop: new AbortController(), phase: { at: 'delivering' } };
      this.#held.set(lease, held);
      this.#track(this.#deliver(held, entry), held);
    }
  }

  /** Gives back what has not started; returns those leases. */
  releaseUnstarted(): LeaseId[] {
    const leases = [...this.#held.values()].filter((held) => !hasStarted(held)).map((held) => held.lease);
    this.end(leases);
    return leases;
  }

  /** Stops everything; results stay in the outbox for the next start. Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    for (const held of this.#held.values()) held.stop.abort('leaving');
    await Promise.allSettled(this.#tasks);
  }

  async #prepare(held: Held, assign: Assign): Promise<void> {
    const { assets, outbox } = this.#parts;
    const { signal } = held.stop;
    const prepared = await prepareChunk(assets, outbox, assign, signal);
    if (!prepared.ok) {
      const { code, message } = prepared;
      if (signal.aborted) return;
      if (code === 'out-of-reach') return this.#giveBack(held, message);
      return this.#settle(
        { held, assign },
        { ok: false, code, message, log: '' },
        NOTHING_SPENT,
        code === 'disk-full',
      );
    }
    const ready: Ready['phase'] = { at: 'ready', assign, places: prepared, since: performance.now() };
    if (signal.aborted) return this.#abandon(held, ready);
    held.phase = ready;
    this.#pump();
  }

  #abandon(held: Held, phase: Ready['phase']): void {
    phase.places.release();
    this.#track(this.#parts.outbox.discard(held.lease));
  }

  /** Gives every free slot its next chunk, where there is room for it. */
  #pump(): void {
    if (this.mode === 'leaving') return;
    for (const slot of this.#parts.slots) {
      if (slot.busy) continue;
      const elsewhere = this.#parts.slots.filter((it) => it !== slot).map((it) => it.affinity);
      const open = { open: slot.affinity, openElsewhere: elsewhere };
      const next = chooseNext(this.#held, open, (asked) => this.#atWork.hasRoom(asked), performance.now());
      if (next !== undefined) this.#track(this.#run(slot, next, next.phase), next);
    }
  }

  async #run(slot: Slot, held: Held, { assign, places }: Ready['phase']): Promise<void> {
    const { progress, log, onStarted, calls } = this.#parts;
    const cards = this.#atWork.begin(slot, assign);
    const preemption: Preemption = { notice: new AbortController(), halt: new AbortController() };
    held.phase = { at: 'running', assign, slot: slot.index, preemption };
    log.debug({ event: 'chunk.started', lease: held.lease, chunk: assign.chunk, slot: slot.index });
    const clock = new RunClock();
    const tell = setTimeout(() => onStarted(held.lease), BRIEF_MS);
    const isOver = () => {
      clearTimeout(preemption.timer);
      clearTimeout(tell);
      clock.freed();
      this.#atWork.end(slot, assign);
    };
    const door = calls.doorOf(assign);
    const early = this.#parts.delivery.early(assign, held.stop.signal);
    const outcome = await slot.run(
      assign.kind,
      {
        ...this.#chunkOf(assign, places, cards, preemption),
        calls: door,
        handedIn: (file) => early.begin(file),
        opened: () => clock.opened(),
        freed: () => {
          isOver();
          held.phase = { at: 'delivering' };
          this.#pump();
        },
      },
      (it) => progress.note(held.lease, it),
      AbortSignal.any([held.stop.signal, preemption.halt.signal]),
      {
        ...assign.asked,
        makeRoom: () => this.#atWork.makeRoom(),
        onMemory: (bytes) => clock.noteMemory(bytes),
      },
    );
    door.close();
    isOver();
    const spent = clock.spent();
    // What it wanted nobody knows.
    if (!outcome.ok && outcome.code === 'out-of-memory')
      spent.peakMemoryBytes = this.#atWork.usedFor(assign.asked).memoryBytes;
    await this.#runEnded({ held, assign, places, preemption, early }, outcome, spent).finally(() =>
      early.stop(),
    );
  }

  #chunkOf(
    { lease, gang, checkpoint, ...assign }: Assign,
    { inputs, outputs }: Places,
    cards: Cards,
    { notice }: Preemption,
  ): RunnableChunk {
    const { gangPort } = this.#parts;
    return {
      stage: assign.stageName,
      stageSpec: assign.stageSpec,
      chunkSpec: assign.chunkSpec,
      inputs,
      affinity: assign.affinity,
      outputs,
      cards,
      hangLimitMs: assign.hangLimitMs,
      ...(checkpoint === undefined ? {} : { checkpoint: join(inputs, CHECKPOINT.path) }),
      notice: notice.signal,
      ...(gang === undefined || gangPort === null ? {} : { gang: gangOf(lease, gang, gangPort) }),
    };
  }

  async #runEnded(
    { held, assign, places, preemption, early }: Ran,
    outcome: RunOutcome,
    spent: Spent,
  ): Promise<void> {
    const { progress, log, outbox, onChange } = this.#parts;
    const diskFull = await this.#isDiskFull(outcome);
    progress.forget(held.lease);
    // The slot's next chunk starts before anything is done about this one's result.
    // On a full disk that would fail as this one did.
    if (!diskFull) this.#pump();
    places.release();
    if (!outcome.ok) early.stop();
    if (held.stop.signal.aborted) {
      logStopped(log, assign);
      await outbox.discard(held.lease);
    } else if (wasPreempted(outcome, preemption)) {
      await this.#handBack(held, assign, outcome, spent);
    } else {
      await this.#settle({ held, assign, early }, outcome, spent, diskFull);
    }
    onChange();
  }

  /** The chunk was to end, and has: what it left goes to the farm. */
  async #handBack(held: Held, assign: Assign, outcome: Failed, spent: Spent): Promise<void> {
    held.phase = { at: 'delivering' };
    const { checkpoint, log } = outcome;
    logPreempted(this.#parts.log, assign, checkpoint !== undefined);
    const { lease, signature } = assign;
    const { busyMs, peakMemoryBytes } = spent;
    const message = { lease, signature, busyMs, peakMemoryBytes, log };
    await this.#deliver(held, await this.#parts.outbox.keepPreempted(message, checkpoint));
  }

  /** A kind may have that from what a program printed, and any script can print it: then the attempt counts. */
  async #isDiskFull(outcome: RunOutcome): Promise<boolean> {
    return !outcome.ok && outcome.code === 'disk-full' && (await this.#parts.disk.isFull());
  }

  async #settle(
    { held, assign, early }: Pick<Ran, 'held' | 'assign'> & Partial<Pick<Ran, 'early'>>,
    outcome: RunOutcome,
    spent: Spent,
    diskFull: boolean,
  ): Promise<void> {
    held.phase = { at: 'delivering' };
    logOutcome(this.#parts.log, assign, outcome, spent.busyMs);
    if (diskFull) return this.#giveBackDiskFull(held);
    let entry: OutboxEntry;
    try {
      entry = await this.#keep(assign, outcome, spent);
    } catch (error) {
      if (isDiskFull(error)) return this.#giveBackDiskFull(held);
      throw error;
    }
    const again = outcome.ok ? outcome.files.flatMap(({ name, again }) => (again ? [name] : [])) : [];
    const uploaded = (files: readonly DeliveredFile[]) =>
      this.#keepForLater(
        assign,
        entry,
        files.filter(({ name }) => again.includes(name)),
      );
    await this.#deliver(held, entry, { uploaded, ...(early && { early }) });
  }

  /** What cannot be kept is fetched again. */
  async #keepForLater(assign: Assign, entry: OutboxEntry, files: readonly DeliveredFile[]): Promise<void> {
    const { assets, log } = this.#parts;
    const { message } = entry;
    const places = message.type === 'done' ? message.files : [];
    for (const file of files) {
      const place = places.find(({ name }) => name === file.name);
      if (place === undefined) continue;
      await assets
        .keep(assign, file, sourceOf(entry, place.path))
        .catch((err) => log.debug({ event: 'assets.not-kept', name: file.name, err }));
    }
  }

  #keep(
    { lease, signature, kind }: Assign,
    outcome: RunOutcome,
    { openingMs, ...spent }: Spent,
  ): Promise<OutboxEntry> {
    const { outbox } = this.#parts;
    const about = { lease, signature, ...spent, log: outcome.log };
    return outcome.ok
      ? outbox.keepDone({ ...about, openingMs, result: outcome.result }, outcome.files)
      : outbox.keepFailed({ ...about, code: failureCode(kind, outcome.code), message: outcome.message });
  }

  #giveBackDiskFull(held: Held): Promise<void> {
    const { disk, onRelease } = this.#parts;
    const reason = 'The disk of this worker is full.';
    disk.report();
    for (const lease of this.releaseUnstarted()) onRelease(lease, reason);
    return this.#giveBack(held, reason);
  }

  /** This worker is hindered, not the chunk: another may do it, or this one later. Its attempt does not count. */
  async #giveBack(held: Held, reason: string): Promise<void> {
    const { outbox, onRelease, onChange } = this.#parts;
    this.#forget(held);
    onRelease(held.lease, reason.slice(0, 200));
    onChange();
    await outbox.discard(held.lease);
  }

  async #deliver(
    held: Held,
    entry: OutboxEntry,
    more: Parameters<Delivery['deliver']>[2] = {},
  ): Promise<void> {
    await this.#parts.delivery.deliver(entry, held.stop.signal, more);
    if (held.stop.signal.reason === 'leaving') return this.#parts.outbox.store(entry);
    this.#forget(held);
    this.#parts.onChange();
    await this.#parts.outbox.remove(entry);
  }

  #forget(held: Held): void {
    this.#held.delete(held.lease);
    this.#ended.add(held.lease);
  }

  #track(task: Promise<void>, held?: Held): void {
    const tracked: Promise<void> = task
      .catch((error) => this.#onBug(error, held))
      .finally(() => this.#tasks.delete(tracked));
    this.#tasks.add(tracked);
  }

  /** A lease that nobody works on any more must not be held for ever, renewed by every hello. */
  async #onBug(error: unknown, held: Held | undefined): Promise<void> {
    const { log, delivery, onChange } = this.#parts;
    log.fatal({ event: 'agent.bug', err: error }, `The worker met a bug: ${String(error)}`);
    if (held === undefined || !this.#held.has(held.lease)) return;
    await delivery.reportBug(
      held.lease,
      `The worker met a bug: ${String(error)}`.slice(0, 2_000),
      held.stop.signal,
    );
    this.#forget(held);
    onChange();
  }
}
