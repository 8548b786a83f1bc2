import { type ComponentType, createElement } from 'react';

/** A part of a kind that stands in a file of its own. Its page fetches it before it is shown itself. */
export type FetchedPart<P> = { fetch(): Promise<void>; Part: ComponentType<P> };

export function fetchedPart<P extends object>(load: () => Promise<ComponentType<P>>): FetchedPart<P> {
  let part: ComponentType<P> | null = null;
  return {
    async fetch() {
      part ??= await load();
    },
    Part: (props) => (part === null ? null : createElement(part, props)),
  };
}
