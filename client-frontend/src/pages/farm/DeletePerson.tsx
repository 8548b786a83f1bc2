import { NativeSelect, Radio, Stack } from '@mantine/core';
import type { PersonView } from '@parallel-pilot/shared/api/limits.ts';
import { type RefObject, useState } from 'react';
import { plural } from '../../components/format.ts';
import { keepFocus } from '../../components/keep-focus.ts';
import { Dialog } from '../people/Dialog.tsx';
import { deletePerson } from '../people/limits.ts';
import { useChange } from '../people/use-change.ts';

type DeletePersonProps = {
  person: PersonView;
  people: readonly PersonView[];
  returnTo: RefObject<HTMLElement | null>;
  onClose(): void;
};

/** Deletes an account; what becomes of jobs that are not over has to be said. */
export function DeletePerson({ person, people, returnTo, onClose }: DeletePersonProps) {
  const others = people.filter(({ id, bannedAt }) => id !== person.id && bannedAt === null);
  const [what, setWhat] = useState<string | null>(null);
  const [to, setTo] = useState<string>(others[0]?.id ?? '');
  const leave = () => {
    onClose();
    keepFocus(returnTo.current);
  };
  const jobs = person.liveJobs === 0 ? null : what === 'hand-over' ? `hand-over:${to}` : what;
  const remove = useChange(() => deletePerson(person.id, jobs), {
    changes: [['people'], ['farm-limits']],
    quiet: true,
    onDone: onClose,
  });
  return (
    <Dialog
      opened
      title={`Delete ${person.name}?`}
      go="Delete"
      grave
      working={remove.isPending}
      error={remove.error}
      onClose={leave}
      onGo={() => remove.mutate()}
    >
      <p style={{ margin: 0 }}>
        The account, its keys and its own team go. What they did in other teams stays there. This cannot be
        undone.
      </p>
      {person.liveJobs > 0 && (
        <Radio.Group
          label={`What becomes of ${plural(person.liveJobs, 'job')} under way?`}
          required
          withAsterisk={false}
          value={what}
          onChange={setWhat}
        >
          <Stack gap={8} mt={6}>
            <Radio value="cancel" label="Cancel them" required />
            <Radio value="hand-over" label="Hand them over" />
          </Stack>
        </Radio.Group>
      )}
      {what === 'hand-over' && (
        <NativeSelect
          label="To"
          data={others.map(({ id, name, email }) => ({
            value: id,
            label: email === null ? name : `${name} (${email})`,
          }))}
          value={to}
          onChange={(event) => setTo(event.currentTarget.value)}
        />
      )}
    </Dialog>
  );
}
