import type { StageId } from '@parallel-pilot/shared/model/ids.ts';
import type { StageRow } from '@parallel-pilot/shared/server/db/stages.ts';
import type { FarmKind } from '../kinds/kind.ts';

// A page of thumbnails asks for a hundred frames of one stage: its list of 100,000 is read once for them. What a
// stage was planned with never changes.
const recent = new Map<StageId, number[] | null>();
const MOST_RECENT = 4;

/** The frame of each chunk of a stage by ordinal; null for a stage without frames. Not to be changed by who asks. */
export function framesOfStage(kind: FarmKind, stage: StageRow): number[] | null {
  const known = recent.get(stage.id);
  if (known !== undefined) return known;
  const { images } = kind;
  const frames = images?.stage === stage.name ? images.framesOf(JSON.parse(stage.spec_json)) : null;
  const oldest = recent.keys().next().value;
  if (recent.size >= MOST_RECENT && oldest !== undefined) recent.delete(oldest);
  recent.set(stage.id, frames);
  return frames;
}
