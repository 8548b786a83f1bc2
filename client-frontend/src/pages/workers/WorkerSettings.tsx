import { Button, NativeSelect, TagsInput, Textarea, TextInput } from '@mantine/core';
import type { WorkerView, WorksFor } from '@parallel-pilot/shared/model/worker.ts';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { workersQuery } from '../../api/queries.ts';
import { Panel } from '../../components/Panel.tsx';
import { changeWorker } from '../people/machines.ts';
import people from '../people/People.module.css';
import { Refused } from '../people/Refused.tsx';
import { useChange } from '../people/use-change.ts';
import { WORKS_FOR } from './works-for.ts';

/** What people call it, for whom it works, and what they have noted about it. */
export function WorkerSettings({ worker, lent }: { worker: WorkerView; lent: boolean }) {
  const [label, setLabel] = useState(worker.label ?? '');
  const [worksFor, setWorksFor] = useState<WorksFor>(worker.worksFor);
  const [tags, setTags] = useState<string[]>(worker.tags);
  const [pools, setPools] = useState<string[]>(worker.pools);
  const { data } = useQuery(workersQuery());
  const [note, setNote] = useState(worker.note);
  const save = useChange(
    () =>
      changeWorker(worker.id, {
        label: label.trim() === '' ? null : label.trim(),
        // What is not touched stays as it says at its start.
        ...(same(tags, worker.tags) ? {} : { tags }),
        ...(same(pools, worker.pools) ? {} : { pools }),
        note,
        ...(worksFor === worker.worksFor ? {} : { worksFor }),
      }),
    { changes: [workersQuery().queryKey], quiet: true },
  );
  // Only who lends it says that it works for more.
  const offered = (Object.keys(WORKS_FOR) as WorksFor[]).filter(
    (one) => worker.mine || WIDTH[one] <= WIDTH[worker.worksFor],
  );
  return (
    <Panel title="Settings">
      <form
        className={people.form}
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <TextInput
          label="Name"
          description={`It calls itself ${worker.name}.`}
          placeholder={worker.name}
          maxLength={128}
          value={label}
          onChange={(event) => setLabel(event.currentTarget.value)}
        />
        {lent && (
          <NativeSelect
            label="It works for"
            description={
              worker.sandboxed
                ? undefined
                : 'It has no working sandbox, so it takes its lender’s own jobs alone, whatever stands here.'
            }
            data={offered.map((value) => ({ value, label: WORKS_FOR[value].label }))}
            value={worksFor}
            onChange={(event) => setWorksFor(event.currentTarget.value as WorksFor)}
          />
        )}
        <TagsInput
          label="Pools"
          description="Jobs may ask for a pool. Everybody who sees this machine sees its pools. Enter after each."
          data={known(data?.workers, 'pools')}
          maxTags={32}
          value={pools}
          onChange={setPools}
          clearable={false}
        />
        <TagsInput
          label="Tags"
          description="Jobs of its team may ask for tags; other teams do not see them. Enter after each."
          data={known(data?.workers, 'tags')}
          maxTags={32}
          value={tags}
          onChange={setTags}
          clearable={false}
        />
        <AtStart
          worker={worker}
          onTaken={(labels) => {
            setTags(labels.tags);
            setPools(labels.pools);
          }}
        />
        <Textarea
          label="Note"
          autosize
          minRows={2}
          maxRows={8}
          maxLength={4_000}
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
        <Refused error={save.error} />
        <div className={people.actions}>
          <Button type="submit" loading={save.isPending}>
            Save
          </Button>
        </div>
      </form>
    </Panel>
  );
}

type Labels = { tags: string[]; pools: string[] };

const same = (a: string[], b: string[]): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Those that any worker has, to be chosen from. */
const known = (workers: WorkerView[] | undefined, which: keyof Labels): string[] =>
  [...new Set(workers?.flatMap((worker) => worker[which]))].toSorted((a, b) => a.localeCompare(b, 'en'));

/** What is set here stands however the worker is started, so there is a way back. */
function AtStart({ worker, onTaken }: { worker: WorkerView; onTaken: (labels: Labels) => void }) {
  const { atStart } = worker;
  const take = useChange(() => changeWorker(worker.id, { tags: null, pools: null }), {
    changes: [workersQuery().queryKey],
    quiet: true,
    onDone: () => atStart !== null && onTaken(atStart),
  });
  if (atStart === null || (same(atStart.tags, worker.tags) && same(atStart.pools, worker.pools))) return null;
  const said = [...atStart.pools.map((pool) => `pool ${pool}`), ...atStart.tags.map((tag) => `tag ${tag}`)];
  return (
    <div>
      <small>
        What is set here goes before what it is started with:{' '}
        {said.length === 0 ? 'nothing' : said.join(', ')}.
      </small>{' '}
      <Button variant="subtle" size="compact-xs" loading={take.isPending} onClick={() => take.mutate()}>
        As it is started
      </Button>
      <Refused error={take.error} />
    </div>
  );
}

const WIDTH: Record<WorksFor, number> = { owner: 0, team: 1, everyone: 2 };
