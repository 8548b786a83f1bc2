import type { ComponentType } from 'react';
import type { Place } from './places.ts';

/** What the fields of another kind hold, as typed; an empty one is as it is at first. */
export type Typed = Readonly<Record<string, string>>;

export type FieldsProps = {
  values: Typed;
  onChange(values: Typed): void;
  places: readonly Place[];
  /** Sentences by field. */
  problems: Typed;
};

/** What such fields come to. */
export type Where = {
  problems: Typed;
  /** Whether a file is for that, and does not go along with the command. */
  takes(path: string): boolean;
  /** What a request says of it; `blobOf` is what a file is called on the farm. */
  request(blobOf: (part: string) => string): Record<string, unknown> & { kind: string };
};

/** What another kind adds to the form of a command, by which the same is run elsewhere. */
export type Elsewhere = {
  Fields: ComponentType<FieldsProps>;
  /** Null for the machines of the workers themselves. */
  read(values: Typed, places: readonly Place[]): Where | null;
};
