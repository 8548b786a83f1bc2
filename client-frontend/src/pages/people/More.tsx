import { Button } from '@mantine/core';
import classes from './People.module.css';

type List = { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage(): unknown };

/** The next page of a list, where it has one. */
export function More({ list }: { list: List }) {
  return (
    list.hasNextPage && (
      <div className={classes.more}>
        <Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          Show more
        </Button>
      </div>
    )
  );
}
