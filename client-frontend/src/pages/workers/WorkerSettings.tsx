import { Button, NativeSelect, TagsInput, Textarea, TextInput } from '@mantine/core';
import type { WorkerView, WorksFor } from '@parallel-pilot/shared/model/worker.ts';
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
  const [note, setNote] = useState(worker.note);
  const save = useChange(
    () =>
      changeWorker(worker.id, {
        label: label.trim() === '' ? null : label.trim(),
        tags,
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
          label="Tags"
          description="Enter after each."
          maxTags={32}
          value={tags}
          onChange={setTags}
          clearable={false}
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

const WIDTH: Record<WorksFor, number> = { owner: 0, team: 1, everyone: 2 };
