import type { PublicKind } from '../kind.ts';
import { COMMAND_FAILURES } from './failures.ts';
import { CommandView } from './view.ts';

export const commandPublic = {
  name: 'command',
  failures: COMMAND_FAILURES,
  view: CommandView,
} satisfies PublicKind;
