import { rm } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Workspace } from '@parallel-pilot/sandbox/sandbox.ts';
import type { CallId } from '@parallel-pilot/shared/model/ids.ts';
import {
  CALL_TRANSFER_MS,
  type Call,
  type CallEnd,
  type CallFile,
  callFailed,
} from '@parallel-pilot/shared/protocol/calls.ts';
import type { CallBlobs } from '../kind.ts';
import type { HandlerEnd } from './calls-under-way.ts';

/** `folder`: of the worker's own, beside the box. */
type Places = { workspace: Workspace; folder: string; blobs: CallBlobs };

/** Events and answers that are files: between the farm and the box of one process. */
export class CallFiles {
  readonly #places: Places;
  readonly #stopped = { event: new AbortController(), answer: new AbortController() };

  constructor(places: Places) {
    this.#places = places;
  }

  /** Puts the event into the box; resolves with its path there, or with why it could not be had. */
  async bring(call: CallId, file: CallFile): Promise<{ path: string } | CallEnd> {
    const { workspace, blobs } = this.#places;
    const path = this.#own(call, 'event');
    try {
      const problem = await blobs.fetch(file, path, this.#patience('event'));
      if (problem !== null) return callFailed('event-lost', problem);
      await workspace.give(path, nameOf(call, 'event'));
      return { path: posix.join(workspace.inside.in, nameOf(call, 'event')) };
    } finally {
      await rm(path, { force: true });
    }
  }

  /** Where the process is to leave an answer that does not fit into a line. */
  pathOfAnswer(call: CallId): string {
    return posix.join(this.#places.workspace.inside.work, nameOf(call, 'answer'));
  }

  /** Brings what the process left to the farm, and removes what there was of the call. */
  async bringBack({ call, event, mostAnswerBytes }: Call, end: HandlerEnd): Promise<CallEnd> {
    const { workspace } = this.#places;
    if (typeof event !== 'string')
      await rm(join(workspace.folders.in, nameOf(call, 'event')), { force: true });
    if (!end.ok || !('left' in end)) return end;
    const { log, ms } = end;
    const path = this.#own(call, 'answer');
    try {
      const taken = await workspace.take(nameOf(call, 'answer'), path, mostAnswerBytes);
      await workspace.discard(nameOf(call, 'answer'));
      if (!taken.ok) return { ...callFailed('answer-lost', taken.message), log, ms };
      const answer = await this.#places.blobs.deliver(path, taken.bytes, this.#patience('answer'));
      return typeof answer === 'string'
        ? { ...callFailed('answer-lost', answer), log, ms }
        : { ok: true, answer, log, ms };
    } finally {
      await rm(path, { force: true });
    }
  }

  /** What is on its way is given up: to the box, or also to the farm. */
  stop(what: 'events' | 'all'): void {
    this.#stopped.event.abort();
    if (what === 'all') this.#stopped.answer.abort();
  }

  #own(call: CallId, what: string): string {
    return join(this.#places.folder, nameOf(call, what));
  }

  #patience(of: 'event' | 'answer'): AbortSignal {
    return AbortSignal.any([this.#stopped[of].signal, AbortSignal.timeout(CALL_TRANSFER_MS)]);
  }
}

const nameOf = (call: CallId, what: string): string => `${call}.${what}`;
