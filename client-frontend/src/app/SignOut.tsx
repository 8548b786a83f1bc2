import { ActionIcon } from '@mantine/core';
import { IconLogout } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { signOut } from '../api/farm.ts';
import { sessionQuery } from '../api/queries.ts';

/** Nothing where no one has to sign in. */
export function SignOut() {
  const { data } = useQuery(sessionQuery());
  const leave = useMutation({ mutationFn: signOut, onSuccess: () => window.location.assign('/') });
  if (data === undefined || data.mode === 'local') return null;
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="lg"
      aria-label="Sign out"
      title="Sign out"
      loading={leave.isPending}
      onClick={() => leave.mutate()}
    >
      <IconLogout size={19} />
    </ActionIcon>
  );
}
