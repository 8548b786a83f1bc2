import type { Note } from '@parallel-pilot/shared/kinds/kind.ts';
import { type EvaluateResult, FILES } from '@parallel-pilot/shared/kinds/training/stages.ts';
import { ResultFile } from '@parallel-pilot/shared/protocol/workers.ts';
import type { DoneChunk } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { z } from 'zod';
import type { MadeArtifact } from '../../kind.ts';

const Files = z.array(ResultFile);

/** The model as its worker traced it, where the script asked for that; else a note on why there is none. The farm reads nothing of it. */
export function exportedModel(
  { files_json }: Pick<DoneChunk, 'files_json'>,
  { exported }: EvaluateResult,
): { artifacts: MadeArtifact[]; notes: Note[] } {
  if (exported === null) return { artifacts: [], notes: [] };
  const files = Files.safeParse(JSON.parse(files_json ?? '[]')).data ?? [];
  const file = files.find(({ name }) => name === FILES.onnx);
  if (file === undefined) {
    const why = exported.problem ?? 'Its worker did not send it.';
    const message = `There is no model.onnx: ${why}`;
    return { artifacts: [], notes: [{ level: 'warning', code: 'not-exported', message }] };
  }
  const { hash, size } = file;
  const mediaType = 'application/octet-stream';
  return { artifacts: [{ name: 'model.onnx', hash, size, mediaType }], notes: [] };
}
