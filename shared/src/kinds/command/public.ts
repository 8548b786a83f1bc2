import type { PublicKind } from '../kind.ts';
import { COMMAND_FAILURES } from './failures.ts';
import { CommandSubmission } from './spec.ts';
import { CommandView } from './view.ts';

export const commandPublic = {
  name: 'command',
  failures: COMMAND_FAILURES,
  sent: CommandSubmission,
  view: CommandView,
} satisfies PublicKind;
