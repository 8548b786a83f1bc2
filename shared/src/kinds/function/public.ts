import type { PublicKind } from '../kind.ts';
import { FUNCTION_FAILURES } from './failures.ts';
import { FunctionView } from './view.ts';

export const functionPublic = {
  name: 'function',
  failures: FUNCTION_FAILURES,
  view: FunctionView,
} satisfies PublicKind;
