import classes from '../../components/Form.module.css';
import { PlainTable } from '../../job/PlainTable.tsx';
import training from './Training.module.css';

const ROWS = [
  ['', 'Rounds', 'DiLoCo', 'DDP'],
  ['Connection', 'Any', 'Any, also slow', 'One local network'],
  ['Machines', 'Any number, that come and go', 'The same', 'So many at once'],
  ['A slow one', 'Costs its shard', 'Costs its shard', 'Everybody waits'],
  ['GPU', 'Each its own', 'Each its own', 'Gradients go by way of memory'],
  ['Script', 'Any', 'With pilot.steps', 'PyTorch, with pilot.model'],
  [
    'Model',
    'Near one machine’s; with SGD take pilot.rate',
    'The same',
    'One machine’s: each step has the whole batch',
  ],
];

/** What speaks for which mode; docs/training.md has the same table in more words, and docs/benchmarks.md what was measured. */
export const WhichMode = () => (
  <details className={classes.fold}>
    <summary>Which to take</summary>
    <div className={training.modes}>
      <PlainTable rows={ROWS} />
    </div>
  </details>
);
