import type { RandomBytes } from '../model/ids.ts';

/** Told from each other, and from the farm's own token, by how they begin; scanners of published files know them by it too. */
const PREFIXES = { 'join-token': 'pilot_join_', credential: 'pilot_worker_' } as const;
export type MachineSecret = keyof typeof PREFIXES;

/** 256 random bits. Whoever looks it up has its SHA-256 alone. */
export const newMachineSecret = (kind: MachineSecret, random: RandomBytes): string =>
  `${PREFIXES[kind]}${Buffer.from(random(32)).toString('base64url')}`;

/** What this may be, by its form; null for what is neither. */
export function machineSecretKind(secret: string): MachineSecret | null {
  for (const [kind, prefix] of Object.entries(PREFIXES) as [MachineSecret, string][])
    if (secret.startsWith(prefix) && secret.length === prefix.length + 43) return kind;
  return null;
}
