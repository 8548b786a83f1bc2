import { freemem } from 'node:os';
import { join } from 'node:path';
import type { Limits, Sandbox, Workspace } from '@parallel-pilot/sandbox/sandbox.ts';
import type { Command, ResultOf } from './messages.ts';
import { type Answer, type AskOptions, type Session, startSession } from './session.ts';
import type { SceneFile } from './task.ts';

/** A slot that has rested this long starts a spare Blender; starting it earlier would take time from a frame. */
const REST_MS = 1_000;
/** Free memory in bytes below which a spare, about 150 MB, is not worth having. */
const SPARE_ROOM = 2 * 1024 ** 3;

/** More are not shown of a frame under way. */
const LIVE_LINES = 40;

export type SlotOptions = {
  blender: string;
  threads: number;
  folder: string;
  sandbox: Sandbox;
  limits?: Limits;
  recycleBytes: number;
  recycleFrames: number;
  onLog(line: string): void;
};

/** The warm Blender of one worker slot: which file it has open, how much it has done, and when it is replaced. */
export type Slot = {
  pid(): number | undefined;
  /** Processor time of the warm Blender, milliseconds. */
  cpuMs(): Promise<number>;
  /** The folders of the Blender that the last command went to. */
  workspace(): Workspace;
  logLines(): readonly string[];
  /** The last of them, each with its line break. */
  logText(): string;
  hasOpen(key: string): boolean;
  /** Frames that the Blender which has this very file open has rendered; 0 without one. */
  framesOf(key: string): number;
  /** Has the file open when it answers `done`; a fresh Blender unless this one has it open already. */
  open(file: SceneFile, ask: AskOptions): Promise<Answer>;
  ask<C extends Command>(command: C, ask: AskOptions): Promise<Answer<ResultOf<C>>>;
  rendered(rss: number): void;
  /** Between two chunks: replaces a Blender that is gone, too large or has worked long enough. */
  settle(): Promise<void>;
  note(line: string): void;
  /** Ends the Blender that has a file open; another is ready for the next one. */
  forget(): Promise<void>;
  /** Ends the Blender and the spare; the next `open` starts one. */
  rest(): Promise<void>;
  close(): Promise<void>;
};

type Warm = { session: Session; key: string | null; frames: number; firstRss: number; lastRss: number };

export function createSlot(options: SlotOptions): Slot {
  let closed = false;
  let warm = fresh(startSession(options));
  // Opening another scene takes a fresh Blender, and starting one takes longer than a short frame:
  // a slot that rests has one ready.
  let spare: Session | null = null;
  let rest: NodeJS.Timeout | undefined;
  const prepareSpare = (): void => {
    if (closed || spare?.alive() || warm.key === null || freemem() < SPARE_ROOM) return;
    try {
      const dead = spare;
      spare = startSession(options);
      void dead?.close();
    } catch (error) {
      // Its folders could not be made, on a full disk for instance. The next chunk will say so if it lasts.
      options.onLog(`No spare Blender: ${error}`);
    }
  };
  const replace = async (): Promise<void> => {
    const [old, ready] = [warm.session, spare];
    spare = null;
    if (!closed && ready?.alive()) warm = fresh(ready);
    else await ready?.close();
    await old.close();
    if (!closed && warm.session === old) warm = fresh(startSession(options));
  };
  const openedFresh = async (file: SceneFile, ask: AskOptions): Promise<Answer> => {
    if (warm.key !== null || !warm.session.alive()) await replace();
    ask.onProgress?.({ fraction: 0, detail: 'Opening the scene' });
    // Marked before the answer: a file that failed to open leaves no Blender for another one.
    warm.key = file.key;
    const { session } = warm;
    await session.workspace.fill(file.inputs);
    const { scripts, scriptErrors, openNewer, savedBy } = file;
    const path = join(session.workspace.inside.in, file.main);
    const answer = await session.ask({ op: 'open', path, scripts, scriptErrors, openNewer, savedBy }, ask);
    if (answer.kind !== 'done') warm.key = '';
    return answer;
  };

  const hasOpen = (key: string): boolean => warm.key === key && warm.session.alive();
  const letGo = async (): Promise<void> => {
    clearTimeout(rest);
    const ready = spare;
    spare = null;
    await Promise.all([warm.session.close(), ready?.close()]);
  };

  return {
    pid: () => (warm.session.alive() ? warm.session.pid : undefined),
    cpuMs: async () => await warm.session.cpuMs(),
    workspace: () => warm.session.workspace,
    logLines: () => warm.session.log.lines(),
    logText: () =>
      warm.session.log
        .lines()
        .slice(-LIVE_LINES)
        .map((line) => `${line}\n`)
        .join(''),
    hasOpen,
    framesOf: (key) => (hasOpen(key) ? warm.frames : 0),
    async open(file, ask) {
      clearTimeout(rest);
      if (closed || ask.signal.aborted) return { kind: 'canceled' };
      if (!hasOpen(file.key)) return await openedFresh(file, ask);
      warm.session.log.clear();
      return { kind: 'done', result: null, ms: 0, rss: warm.lastRss };
    },
    ask: async (command, ask) => await warm.session.ask(command, ask),
    rendered(rss) {
      warm.frames += 1;
      if (warm.frames === 1) warm.firstRss = rss;
      warm.lastRss = rss;
    },
    async settle() {
      clearTimeout(rest);
      if (closed) return;
      rest = setTimeout(prepareSpare, REST_MS).unref();
      const reason = reasonToReplace(warm, options);
      if (reason === null) return;
      options.onLog(reason);
      await replace();
    },
    note: (line) => options.onLog(line),
    async forget() {
      clearTimeout(rest);
      if (!closed && warm.key !== null && warm.session.alive()) await replace();
    },
    rest: letGo,
    async close() {
      closed = true;
      await letGo();
    },
  };
}

const fresh = (session: Session): Warm => ({ session, key: null, frames: 0, firstRss: 0, lastRss: 0 });

function reasonToReplace(warm: Warm, limits: SlotOptions): string | null {
  if (!warm.session.alive()) return 'Blender is gone; starting a new one.';
  if (warm.frames >= limits.recycleFrames)
    return `Blender has rendered ${warm.frames} frames; starting a new one.`;
  // A scene that is large from its first frame would be no smaller in a new Blender.
  const grown = warm.lastRss > warm.firstRss * 1.5;
  if (warm.lastRss <= limits.recycleBytes || !grown) return null;
  return `Blender has grown to ${Math.round(warm.lastRss / 2 ** 20)} MB; starting a new one.`;
}
