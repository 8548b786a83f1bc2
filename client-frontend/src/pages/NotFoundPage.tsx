import { Button } from '@mantine/core';
import { Link } from 'react-router';
import { Empty } from '../components/Empty.tsx';

export function NotFoundPage() {
  return (
    <Empty
      page
      title="There is no such page"
      text="The address may be mistyped, or the job it led to has been deleted."
      action={
        <Button component={Link} to="/">
          To the jobs
        </Button>
      }
    />
  );
}
