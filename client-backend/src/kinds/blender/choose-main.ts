import type { RelativePath } from '@parallel-pilot/shared/model/path.ts';
import type { SubmissionRefusal } from '../../parts.ts';

/** Which .blend is meant; the user is asked where the archive leaves it open. */
export function chooseMain(
  paths: RelativePath[],
  archive: string,
  wanted: RelativePath | undefined,
): { ok: true; main: RelativePath } | SubmissionRefusal {
  const blends = paths.filter((path) => /\.blend$/i.test(path)).sort();
  const [only] = blends;
  if (only === undefined) {
    return {
      ok: false,
      code: 'no-blend',
      message: `"${archive}" holds no .blend file. Put the scene into the .zip with its textures and libraries.`,
    };
  }
  if (wanted !== undefined && blends.includes(wanted)) return { ok: true, main: wanted };
  if (wanted !== undefined) {
    const message = `"${archive}" holds no "${wanted}". Which one?`;
    return { ok: false, code: 'unknown-main', message, choices: blends };
  }
  if (blends.length === 1) return { ok: true, main: only };
  const message = `"${archive}" holds ${blends.length} .blend files. Which one?`;
  return { ok: false, code: 'several-blends', message, choices: blends };
}
