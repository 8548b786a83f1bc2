import { Button } from '@mantine/core';
import { Empty } from '../components/Empty.tsx';

/** Shown in place of a page that met a bug, or whose code is gone because the farm was updated. */
export function BrokenPage() {
  return (
    <Empty
      page
      title="This page stopped working"
      text="Your jobs are not affected. The farm may have been updated while this page was open; loading it again usually helps."
      action={<Button onClick={() => window.location.reload()}>Load again</Button>}
    />
  );
}
