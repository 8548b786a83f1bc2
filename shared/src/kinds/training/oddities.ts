import type { Note } from '../kind.ts';
import type { TrainingSettings } from './settings.ts';
import type { MergeResult, TrainResult, TrainSpec } from './stages.ts';

type Update = { shard: number; result: Pick<TrainResult, 'params' | 'notFinite' | 'optimizers' | 'unrated'> };

/** What a round's results show that nobody would look for: parameters that changed nothing, optimizers that forget, figures that are none. */
export function oddities(
  { params }: Pick<TrainingSettings, 'params'>,
  { context: { round, rounds, batch, wholeBatch }, state }: TrainSpec,
  updates: readonly Update[],
): { notes: Note[]; toldNotFinite: boolean } {
  const notes: Note[] = [];
  const asked = new Set(updates.flatMap(({ result }) => result.params));
  const unread = Object.keys(params).filter((name) => !asked.has(name));
  if (round === 1 && unread.length > 0) {
    const known = asked.size === 0 ? 'It asks for none' : `It asks for ${[...asked].sort().join(', ')}`;
    const message = `The script never asked pilot.param for ${unread.map((name) => `"${name}"`).join(', ')}, so ${unread.length === 1 ? 'this parameter' : 'these parameters'} changed nothing. ${known}.`;
    notes.push({ level: 'warning', code: 'params-unread', message });
  }
  const anew = [...new Set(updates.flatMap(({ result }) => result.optimizers))].sort();
  if (round === 1 && rounds > 1 && anew.length > 0) {
    const [names, begin, it] =
      anew.length === 1 ? [anew[0], 'begins', 'it'] : [listed(anew), 'begin', 'them'];
    const message = `The script's ${names} ${begin} anew in every round; pilot.keep(…) with ${it} before the epochs lets ${it} go on, which most trainings need to come as far as on one machine.`;
    notes.push({ level: 'warning', code: 'optimizer-forgets', message });
  }
  if (round === 1 && updates.some(({ result }) => result.unrated)) {
    const message = `Each shard steps with ${batch} of a batch of ${wholeBatch ?? batch} rows, and the script’s SGD has its learning rate unchanged. If that only just suits the whole batch, shards diverge: say lr=pilot.rate(…), which is the same alone and smaller here.`;
    notes.push({ level: 'info', code: 'rate-of-whole-batch', message });
  }
  const odd = updates.filter(({ result }) => result.notFinite.length > 0);
  if (state.toldNotFinite || odd.length === 0) return { notes, toldNotFinite: state.toldNotFinite };
  const names = [...new Set(odd.flatMap(({ result }) => result.notFinite))].sort().join(', ');
  const shards = odd.slice(0, 8).map(({ shard }) => shard + 1);
  const message = `In round ${round} the script reported ${names} as NaN or infinite, on shard${shards.length === 1 ? '' : 's'} ${shards.join(', ')}${odd.length > 8 ? ' and more' : ''}. The training may have diverged: a smaller learning rate may help.`;
  notes.push({ level: 'warning', code: 'not-finite', message });
  return { notes, toldNotFinite: true };
}

/** A model that goes on learning while it is measured is measured as another than the one that is handed out. */
export function learningWhileMeasured(round: number, { learned }: Pick<MergeResult, 'learned'>): Note[] {
  if (round !== 1 || learned === null) return [];
  const message = `The script left the model in training mode while it was measured: "${learned}" went on changing. The model that you get is as it was merged, and may measure otherwise. Call model.eval() before the script measures.`;
  return [{ level: 'warning', code: 'measured-while-training', message }];
}

const listed = (names: readonly string[]): string => names.join(', ').replace(/, (?=[^,]*$)/, ' and ');
