import { execa } from 'execa';
import type { Engine } from './engine.ts';
import { isLeftBehind, NAME_PREFIX } from './names.ts';

/** Ends and removes containers of workers of this machine that are gone. Never rejects. */
export async function removeLeftBehind({ command, env }: Engine): Promise<void> {
  const options = { env, extendEnv: false, reject: false } as const;
  const listed = await execa(
    command,
    ['ps', '--all', '--filter', `name=^${NAME_PREFIX}`, '--format', '{{.Names}}'],
    options,
  );
  const names = listed.stdout.split('\n').filter((name) => isLeftBehind(name));
  if (names.length > 0) await execa(command, ['rm', '--force', ...names], options);
}
