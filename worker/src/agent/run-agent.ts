import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { detectSandbox, gapsOf } from '@parallel-pilot/sandbox/detect.ts';
import type { Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';
import { GANG } from '@parallel-pilot/shared/model/gang.ts';
import { Assets } from '../assets/assets.ts';
import { type BlobAddress, blobAddress } from '../assets/blob-address.ts';
import { BlobNews } from '../assets/blob-news.ts';
import { CallPort } from '../calls/call-port.ts';
import type { WorkerConfig } from '../config.ts';
import { gangPlaces } from '../gang/gang-address.ts';
import { GangPort } from '../gang/gang-port.ts';
import type { WorkerKind } from '../kinds/kind.ts';
import type { Log } from '../log.ts';
import { Abilities, onceRested } from './abilities.ts';
import { Agent, type Lends, type WorkerExit } from './agent.ts';
import { type DataFolder, openDataFolder } from './data-folder.ts';
import { Delivery } from './delivery.ts';
import { type FreeBytes, freeBytesOfDisk, watchDiskRoom } from './disk-room.ts';
import { accessTo, type FarmAccess } from './farm-access.ts';
import { FreeDisk } from './free-disk.ts';
import { joinHost } from './host-workers.ts';
import { LeaseLoop } from './lease-loop.ts';
import { LendingFile } from './lending-file.ts';
import { describeOffer, gpusIn } from './offer.ts';
import { Outbox } from './outbox.ts';
import { ProgressReport } from './progress-report.ts';
import { Slot, type SlotOptions } from './slot.ts';
import { keptBy, logLimits, memoryClaimed, slotLimits } from './slot-limits.ts';
import { listenForSignals, type StopSignals } from './stop-signals.ts';
import { Terms } from './terms.ts';
import { TermsWatch } from './watch-terms.ts';

export type RunOptions = {
  log: Log;
  kinds: readonly WorkerKind[];
  /** Left out, it is found out what this machine has. */
  sandbox?: Sandbox;
  /** The farm has welcomed the worker for the first time. */
  onReady?: () => void;
  /** Left out, SIGTERM and SIGINT of this process are listened to. */
  stop?: StopSignals;
  /** Left out, the file system is asked. */
  freeBytes?: FreeBytes;
  /** By which the hours go in which the machine is lent, milliseconds since 1970. Left out, the machine's. */
  clock?: () => number;
};

/**
 * Runs a worker from its start to its end. Never rejects for what can be
 * expected: a folder in use, no program found, a refusal all end with code 1
 * and a sentence.
 */
export async function runAgent(config: WorkerConfig, options: RunOptions): Promise<WorkerExit> {
  const { log, kinds } = options;
  const sandbox = options.sandbox ?? (await detectSandbox([config.dataFolder]));
  const box = boxOf(sandbox, config);
  if (sandbox.level === 'none' && box === 'none' && !config.unsandboxed)
    return cannotStart(log, noSandbox(sandbox.reason));
  logProtections(log, sandbox, box);
  let folder: DataFolder;
  try {
    folder = await openDataFolder(config.dataFolder, log);
  } catch (error) {
    return cannotStart(log, error instanceof Error ? error.message : String(error));
  }
  try {
    const access = accessTo(config, folder.credentials);
    if (access.token() === null) return cannotStart(log, NO_TOKEN);
    const own = { sandbox: box, limits: keptBy(sandbox) };
    const places = { folder: join(config.hostFolder, 'abilities'), log };
    const abilities = await Abilities.find({ kinds, sandbox, own, ...places });
    if (abilities === null) return cannotStart(log, nothingToDo(kinds));
    return await live(config, { abilities, sandbox, access }, folder, options);
  } finally {
    await folder.close();
  }
}

async function live(
  config: WorkerConfig,
  { abilities, sandbox, access }: { abilities: Abilities; sandbox: Sandbox; access: FarmAccess },
  folder: DataFolder,
  options: RunOptions,
): Promise<WorkerExit> {
  const { log, kinds, onReady = () => {} } = options;
  const terms = new Terms(config.lending, availableParallelism(), config.lentFolders);
  const file = config.lendingFile === null ? null : new LendingFile(config.lendingFile, log);
  try {
    if (file !== null) terms.setByFile(await file.read());
  } catch (error) {
    return cannotStart(log, (error as Error).message);
  }
  const claim = { slots: config.slots, memoryBytes: memoryClaimed(config) };
  const host = await joinHost(config.hostFolder, claim, log);
  const limits = slotLimits(claim, host, terms);
  logLimits(log, config.slots, limits, sandbox);
  const freeBytes = options.freeBytes ?? freeBytesOfDisk;
  const gpus = () => gpusIn(kinds, abilities.all);
  // Nothing is at work before there is a loop.
  let asked = () => 0;
  const freeDisk = await FreeDisk.open(config.dataFolder, freeBytes, () => asked());
  const whole = describeOffer(config, { limits, gpus, freeDisk });
  const offer = () => terms.offerOf(whole());
  const watch = new TermsWatch({ terms, file, clock: options.clock ?? Date.now });
  const gangPort = await openGangPort(config, sandbox, log);
  const reach = gangPort === null ? {} : { [GANG]: gangPort.address.reach };
  const capabilities = () => ({ ...terms.capabilitiesOf(abilities.all), ...reach });
  const lends: Lends = { terms, watch, offer, capabilities };
  const address: BlobAddress = (hash, access) => blobAddress(agent.backend, hash, access);
  const calls = new CallPort(() => agent.connection.send('callable', calls.list()), address, log);
  const agent: Agent = new Agent({
    calls,
    config,
    identity: folder.identity,
    access,
    lends,
    gang: gangPort?.address,
    log,
    onReady,
  });
  const news = new BlobNews((change) => agent.connection.send('blobs-changed', change));
  const assets = await Assets.open({
    cacheFolder: folder.cache,
    stageRoot: join(folder.scratch, 'inputs'),
    limitBytes: config.cacheBytes,
    address,
    log,
    onChange: (change) => news.note(change),
  });
  const outbox = new Outbox(folder.outbox, join(folder.scratch, 'outputs'), log);
  const threads = () => Math.max(1, Math.floor(offer().threads / config.slots));
  const lentFolder = (name: string) => terms.folder(name);
  const slots = await createSlots(config, folder, threads, { kinds, sandbox, limits, log, lentFolder });
  const progress = new ProgressReport((message) => agent.connection.send('progress', message));
  const disk = watchDiskRoom(config.dataFolder, log, freeBytes);
  const loop = new LeaseLoop({
    slots,
    assets,
    outbox,
    delivery: new Delivery(agent.connection, address, log),
    progress,
    disk,
    offer,
    gangPort,
    calls,
    gpus,
    log,
    onStarted: (lease) => agent.connection.send('started', { lease }),
    onRelease: (lease, reason) => void agent.connection.ask('released', { leases: [lease], reason }),
    onChange: () => agent.changed(),
  });
  asked = () => loop.inUse.diskBytes;
  loop.adopt(await outbox.recover());
  agent.start({ loop, assets });
  const unlisten = leaveOnSignals(agent, options.stop);
  const unrest = onceRested(
    () => loop.running > 0,
    async () => {
      if (await abilities.checkAgain().catch(() => false))
        agent.connection.rejoin('this worker can do other things now');
    },
  );
  const exit = await agent.ended;
  unrest();
  unlisten();
  watch.close();
  progress.close();
  disk.close();
  freeDisk.close();
  news.close();
  agent.close();
  gangPort?.close();
  await Promise.all(slots.map((slot) => slot.close()));
  await host.leave();
  return exit;
}

/** A box has a network of its own; where there is none, members would take each other's addresses. */
async function openGangPort(config: WorkerConfig, sandbox: Sandbox, log: Log): Promise<GangPort | null> {
  const places = sandbox.level === 'none' ? null : gangPlaces(config.gangAddress, config.join);
  if (places === null) return null;
  try {
    return await GangPort.open(places, log);
  } catch (error) {
    const why = (error as Error).message;
    const sentence = `Other workers cannot reach this one (${why}), so it takes no part in work that several do together. Set PILOT_GANG_ADDRESS to an address of this machine with a free port, or to none.`;
    log.warn({ event: 'gang.no-port' }, sentence);
    return null;
  }
}

function leaveOnSignals(agent: Agent, given: StopSignals | undefined): () => void {
  const own = given === undefined ? listenForSignals() : undefined;
  const stop = given ?? own;
  const drain = () => agent.drain();
  const leave = () => void agent.leave('The worker was told to leave at once.');
  stop?.drain.addEventListener('abort', drain, { once: true });
  stop?.leave.addEventListener('abort', leave, { once: true });
  if (stop?.leave.aborted) leave();
  else if (stop?.drain.aborted) drain();
  return () => {
    stop?.drain.removeEventListener('abort', drain);
    stop?.leave.removeEventListener('abort', leave);
    own?.close();
  };
}

async function createSlots(
  config: WorkerConfig,
  { scratch, kept }: DataFolder,
  threads: () => number,
  parts: Pick<SlotOptions, 'kinds' | 'sandbox' | 'limits' | 'log' | 'lentFolder'>,
): Promise<Slot[]> {
  const slots: Slot[] = [];
  for (let index = 0; index < config.slots; index += 1) {
    const folder = join(scratch, `slot-${index}`);
    for (const kind of parts.kinds) {
      await mkdir(join(folder, kind.name), { recursive: true });
      await mkdir(join(scratch, 'shared', kind.name), { recursive: true });
    }
    slots.push(new Slot({ index, threads, folder, kept, longestMs: config.longestChunkMs, ...parts }));
  }
  return slots;
}

/** What is around each job, as the farm is told. A container is around all of them together. */
type Box = Sandbox['level'] | 'container';

const boxOf = ({ level }: Sandbox, { container }: WorkerConfig): Box =>
  level === 'none' && container ? 'container' : level;

const NO_TOKEN =
  'This worker has no token, and has not joined this farm before. The Workers page of the farm shows the line by which a worker joins; the token goes into PILOT_TOKEN, or into a file that --token-file names.';

const OPEN = 'a job can read, change and send away all that this user can, keys and passwords too';

const noSandbox = (reason: string): string =>
  `This machine has no sandbox, so it cannot be a worker: without one ${OPEN}. ${reason} To work all the same, for jobs of your own alone, start it with --unsandboxed (or PILOT_UNSANDBOXED=1).`;

function logProtections(log: Log, sandbox: Sandbox, box: Box): void {
  if (sandbox.level === 'none' && box === 'container') {
    const sentence =
      "Jobs are kept in by this container alone: they can read each other's files and this worker's token. This worker is given jobs of its own owner only.";
    log.warn({ event: 'sandbox.container' }, `${sentence} ${sandbox.reason}`);
    return;
  }
  if (sandbox.level === 'none') {
    const sentence = `There is no sandbox: ${OPEN}. This worker is given jobs of its own owner only.`;
    log.warn({ event: 'sandbox.none' }, `${sentence} ${sandbox.reason}`);
    return;
  }
  for (const gap of gapsOf(sandbox.host)) log.warn({ event: 'sandbox.gap' }, gap);
}

function nothingToDo(kinds: readonly WorkerKind[]): string {
  const programs = kinds.flatMap(({ program }) => program ?? []);
  const lacking = programs.map(({ name, variable, chosen }) =>
    chosen === null
      ? `${name} was not found`
      : `"${chosen}" (${variable}) is no ${name} that can be run here`,
  );
  const ways = programs.map(({ name, install }) => `${name} (${install})`);
  const variables = programs.map(({ variable }) => variable);
  return `This worker could do nothing on this machine: ${lacking.join(', and ')}. Install ${ways.join(' or ')}, or name a program with ${variables.join(' or ')}.`;
}

function cannotStart(log: Log, message: string): WorkerExit {
  log.error({ event: 'worker.cannot-start' }, message);
  return { code: 1, reason: 'cannot-start', message };
}
