import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';
import type { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import type { Found } from './messages.ts';
import { startSession } from './session.ts';

/** Long enough for a loaded machine to compile EEVEE's shaders in software. */
const LIMIT_MS = 60_000;

/**
 * Starts Blender once and lets it render an 8x8 image with every engine.
 * Empty without a Blender. An engine whose graphics driver is missing ends
 * Blender: what it said before that stands, and the engine is not listed.
 */
export async function detectBlender(blender: string, sandbox: Sandbox): Promise<Capabilities> {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-detect-'));
  let found: Found | null = null;
  let version: string | null = null;
  const session = startSession({
    blender,
    sandbox,
    threads: 1,
    folder,
    onEvent(event) {
      if (event.event === 'hello') version = event.version;
      if (event.event === 'found') found = event.found;
    },
  });
  try {
    await session.ask(
      { op: 'detect', folder: session.workspace.inside.work },
      { hangLimitMs: LIMIT_MS, signal: AbortSignal.timeout(LIMIT_MS) },
    );
  } finally {
    await session.close();
    await rm(folder, { recursive: true, force: true });
  }
  return capabilities(version, found);
}

function capabilities(version: string | null, found: Found | null): Capabilities {
  if (version === null || found === null) return {};
  return {
    'blender.version': version,
    'blender.engines': found.engines,
    'blender.denoiser': found.denoiser,
    'blender.devices': found.devices.map((device) => device.slice(0, 256)),
  };
}
