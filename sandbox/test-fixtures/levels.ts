import { detectSandbox } from '../src/detect.ts';
import type { Sandbox } from '../src/sandbox.ts';

export const NO_SANDBOX: Sandbox = { level: 'none', reason: 'The test wants none.' };

/** The levels that can be tried on this machine: without a sandbox, and with the one it has. */
export async function levels(): Promise<Sandbox[]> {
  const here = await detectSandbox();
  return here.level === 'none' ? [here] : [NO_SANDBOX, here];
}
