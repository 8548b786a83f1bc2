import type { Kind } from '@parallel-pilot/shared/kinds/kind.ts';
import type { StageId } from '@parallel-pilot/shared/model/ids.ts';
import type { StageRow } from '@parallel-pilot/shared/server/db/stages.ts';

// A page of small pictures asks for a hundred numbers of one stage: its list of 100,000 is read once for them. What
// a stage was planned with never changes.
const recent = new Map<StageId, number[] | null>();
const MOST_RECENT = 4;

/** The number of each chunk of a stage by ordinal; null for a stage that has none. Not to be changed by who asks. */
export function numbersOfStage(kind: Pick<Kind<unknown>, 'numbers'>, stage: StageRow): number[] | null {
  const known = recent.get(stage.id);
  if (known !== undefined) return known;
  const numbers = kind.numbers?.(stage.name, JSON.parse(stage.spec_json)) ?? null;
  const oldest = recent.keys().next().value;
  if (recent.size >= MOST_RECENT && oldest !== undefined) recent.delete(oldest);
  recent.set(stage.id, numbers);
  return numbers;
}
