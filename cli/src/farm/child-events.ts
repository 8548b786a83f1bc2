import type { ChildExit, ChildProgram, RunningChild } from './child.ts';

/** What befalls a child that is kept running. */
export type ChildEvent =
  /** `reason` reads on after the name: "was killed (SIGKILL)". */
  | { type: 'restarting'; name: string; reason: string; delayMs: number }
  /** It runs again. `onTrial`: it was failing before; `recovered` follows if it stays up. */
  | { type: 'restarted'; name: string; onTrial: boolean }
  /** It keeps dying, or could not be started, and is tried again only seldom; said once, with its last log lines. */
  | { type: 'failing'; name: string; message: string }
  /** It was failing, and has been running well for a while. */
  | { type: 'recovered'; name: string };

/** What to tell people of such an event; null where there is nothing new to tell. */
export function incidentSentence(event: ChildEvent): string | null {
  switch (event.type) {
    case 'restarting': {
      const when = event.delayMs === 0 ? 'at once' : `in ${seconds(event.delayMs)}`;
      return `The ${event.name} ${event.reason}; it is started again ${when}.`;
    }
    case 'restarted':
      return event.onTrial ? null : `The ${event.name} is back.`;
    case 'failing':
      return event.message;
    case 'recovered':
      return `The ${event.name} runs well now.`;
    default:
      return event satisfies never;
  }
}

export function describeExit({ code, signal }: ChildExit): string {
  if (signal !== null) return `was killed (${signal})`;
  if (code === null) return 'could not be started';
  return code === 0 ? 'stopped by itself' : `stopped with exit code ${code}`;
}

/** A sentence, the last lines of what the child wrote, and where the rest is. */
export async function withLog(message: string, child: RunningChild, program: ChildProgram): Promise<string> {
  const lines = await child.tail(8);
  const last =
    lines.length === 0 ? '' : `\n\nIts last lines:\n${lines.map((line) => `  ${line}`).join('\n')}`;
  return `${message}${last}\n\nIts whole log: ${program.log}`;
}

export const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;
