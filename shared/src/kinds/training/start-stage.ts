import { z } from 'zod';
import { StageInput } from '../../protocol/stage-input.ts';
import type { Note } from '../kind.ts';
import type { FoundStart } from './found-start.ts';

/** The stage that makes the first weights finds the file there; it is read in the sandbox of the script alone. */
export const StageStart = z.object({ path: z.string(), fileName: z.string(), fitting: z.boolean() });
export type StageStart = z.infer<typeof StageStart>;

export const stageStart = ({ fileName, fitting }: FoundStart): StageStart => ({
  path: `start.${/\.(\w+)$/.exec(fileName)?.[1]?.toLowerCase() ?? 'npz'}`,
  fileName,
  fitting,
});

export const startInput = (from: FoundStart): StageInput =>
  StageInput.parse({ path: stageStart(from).path, hash: from.blob, size: from.size });

const Names = z.array(z.string().max(200)).max(32);

/** How many arrays were taken, and some of the others: `left` as the script makes them, `unused` in the file alone. */
export const Started = z.object({ taken: z.int().positive(), left: Names, unused: Names });
export type Started = z.infer<typeof Started>;

/** Tells what the first weights are. */
export function startNote(
  { fileName }: Pick<FoundStart, 'fileName'>,
  { taken, left, unused }: Started,
): Note {
  const named = (names: readonly string[]) => names.map((name) => `"${name}"`).join(', ');
  const more = [
    ...(left.length === 0 ? [] : [` As the script makes them: ${named(left)}.`]),
    ...(unused.length === 0 ? [] : [` In the file alone: ${named(unused)}.`]),
  ];
  const count = taken === 1 ? '1 array' : `${taken} arrays`;
  const message = `The training starts from "${fileName}": ${count}.${more.join('')}`;
  return { level: 'info', code: 'started-from', message: message.slice(0, 1_000) };
}
