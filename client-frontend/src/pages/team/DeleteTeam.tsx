import { Button, Radio, Stack } from '@mantine/core';
import type { TeamDetail } from '@parallel-pilot/shared/api/people.ts';
import { useState } from 'react';
import { ProblemError } from '../../api/request.ts';
import { Dialog } from '../people/Dialog.tsx';
import { deleteTeam } from '../people/teams.ts';
import { useChange } from '../people/use-change.ts';

const CHOICES: Record<string, string> = {
  keep: 'Keep them: they become yours, in your own team',
  delete: 'Delete them with all their results',
};

/** Deletes it; what becomes of its jobs is asked where it has some. */
export function DeleteTeam({ team }: { team: TeamDetail }) {
  const [asking, setAsking] = useState(false);
  const [jobs, setJobs] = useState<string | null>(null);
  const remove = useChange(() => deleteTeam(team.id, jobs), {
    quiet: true,
    onDone: () => window.location.assign('/'),
  });
  const stored = remove.error instanceof ProblemError && remove.error.problem.code === 'jobs-stored';
  return (
    <>
      <Button variant="default" size="xs" c="var(--berry-ink)" onClick={() => setAsking(true)}>
        Delete the team
      </Button>
      <Dialog
        opened={asking}
        title={`Delete ${team.name}?`}
        go="Delete"
        grave
        working={remove.isPending || remove.isSuccess}
        error={remove.error}
        onClose={() => {
          setAsking(false);
          setJobs(null);
          remove.reset();
        }}
        onGo={() => remove.mutate()}
      >
        <p style={{ margin: 0 }}>
          Nobody can work in it any more, and its keys and invitations are revoked. This cannot be undone.
        </p>
        {(stored || jobs !== null) && (
          <Radio.Group label="Its finished jobs" value={jobs} onChange={setJobs}>
            <Stack gap={8} mt={6}>
              {Object.entries(CHOICES).map(([value, label]) => (
                <Radio key={value} value={value} label={label} />
              ))}
            </Stack>
          </Radio.Group>
        )}
      </Dialog>
    </>
  );
}
