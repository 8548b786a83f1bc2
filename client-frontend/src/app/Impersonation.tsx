import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { command } from '../api/request.ts';
import { useSession } from '../api/session.ts';
import { showProblem } from '../job/job-command.ts';
import classes from './Shell.module.css';

/** Says, as long as it lasts, that an admin acts as somebody else. */
export function Impersonation() {
  const session = useSession();
  const end = useMutation({
    mutationFn: () => command('/api/v1/impersonation', { method: 'DELETE' }),
    onSuccess: () => window.location.assign('/farm/people'),
    onError: showProblem,
  });
  if (session === undefined || session.impersonator === null || session.person === null) return null;
  return (
    <div role="status" className={classes.impersonation}>
      <span>
        {session.impersonator.name}, you act as {session.person.name}. All that you do is in the audit.
      </span>
      <Button
        size="compact-sm"
        variant="white"
        color="berry.8"
        loading={end.isPending}
        onClick={() => end.mutate()}
      >
        End it
      </Button>
    </div>
  );
}
