import type { ChildExit } from '@parallel-pilot/sandbox/child/exit.ts';

/** Why the process of a handler ended by itself, which it never should. `last`: what it printed last. */
export function exitInWords(exit: ChildExit, last: string | undefined): string {
  const said = last === undefined ? '' : ` It printed last: ${last}`;
  switch (exit.kind) {
    case 'exited':
      return `The handler's process ended with exit code ${exit.code}.${said}`;
    case 'signalled':
      return `The handler's process was ended by the signal ${exit.signal}.${said}`;
    case 'limit':
      return `The handler's process was ended: ${exit.message}`;
    case 'failed-to-start':
      return `The handler's process could not be started: ${exit.reason}`;
    case 'broken':
      return `The handler's process was ended: ${exit.reason}`;
    default:
      return exit satisfies never;
  }
}
