import { rm, stat } from 'node:fs/promises';
import { release, tmpdir } from 'node:os';
import { makeOwnFolder } from '@parallel-pilot/sandbox/box/own-folder.ts';
import { findProgram } from '@parallel-pilot/sandbox/box/program.ts';
import { childEnvironment, searchPath } from '@parallel-pilot/sandbox/child/config.ts';
import type { Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';
import type { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import type { Remembered } from '../kind.ts';
import type { Found } from './messages.ts';
import { BRIDGE, startSession } from './session.ts';

/** Long enough for a loaded machine to compile EEVEE's shaders in software. */
const LIMIT_MS = 60_000;

/** `whole`: every engine was tried, and none of them ended Blender. */
type Detected = { capabilities: Capabilities; whole: boolean };

/**
 * What this Blender can do here. To try each engine takes longer than many a
 * frame, so it is remembered for as long as the program and the machine's
 * graphics drivers are the same.
 */
export async function detectOnce(
  blender: string,
  sandbox: Sandbox,
  remembered?: Remembered,
): Promise<Capabilities> {
  const fingerprint = remembered === undefined ? null : await fingerprintOf(blender, sandbox);
  const known = fingerprint === null ? null : await remembered?.recall(fingerprint);
  if (known) return known;
  const { capabilities, whole } = await detectBlender(blender, sandbox);
  // A folder that cannot be written costs the next start its time, and nothing else.
  if (whole && fingerprint !== null) await remembered?.keep(fingerprint, capabilities).catch(() => {});
  return capabilities;
}

/** Where the drivers of graphics cards and of Mesa are; a folder's time changes when a file in it comes or goes. */
const DRIVERS = [
  '/dev/dri',
  '/dev/nvidia0',
  '/dev/kfd',
  '/proc/driver/nvidia/version',
  '/usr/share/glvnd/egl_vendor.d',
  '/usr/lib/dri',
  '/usr/lib64/dri',
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/x86_64-linux-gnu/dri',
  '/usr/lib/aarch64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu/dri',
  BRIDGE,
];

/** Null where the program is not found. */
async function fingerprintOf(blender: string, sandbox: Sandbox): Promise<string | null> {
  const program = findProgram(blender, searchPath());
  if (program === null) return null;
  const path = program.real;
  const about = async (file: string) => {
    const it = await stat(file).catch(() => null);
    // What the kernel shows as files is new at every look; devices as long as the machine is up.
    return it === null ? null : [it.ino, it.size, file.startsWith('/proc/') ? 0 : it.mtimeMs];
  };
  const parts = await Promise.all([path, ...DRIVERS].map(about));
  const environment = Object.entries(childEnvironment(sandbox)).sort();
  return JSON.stringify([path, sandbox.level, release(), environment, parts]);
}

/**
 * Starts Blender once and lets it render an 8x8 image with every engine.
 * Empty without a Blender. An engine whose graphics driver is missing ends
 * Blender: what it said before that stands, and the engine is not listed.
 */
async function detectBlender(blender: string, sandbox: Sandbox): Promise<Detected> {
  const folder = await makeOwnFolder(tmpdir(), 'pilot-detect-');
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
    const answer = await session.ask(
      { op: 'detect', folder: session.workspace.inside.work },
      { hangLimitMs: LIMIT_MS, signal: AbortSignal.timeout(LIMIT_MS) },
    );
    return { capabilities: capabilities(version, found), whole: answer.kind === 'done' };
  } finally {
    await session.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function capabilities(version: string | null, found: Found | null): Capabilities {
  if (version === null || found === null) return {};
  return {
    'blender.version': version,
    'blender.engines': found.engines,
    'blender.denoiser': found.denoiser,
    'blender.devices': found.devices.map((device) => device.slice(0, 256)),
    'blender.gpu': found.devices.some((device) => device !== 'CPU'),
  };
}
