import { readAs, readDocument, type SourceDocument } from '../source/document.ts';
import { Pipeline } from './schema.ts';

/** A pipeline with the places of its parts. */
export type Source = Omit<SourceDocument, 'value' | 'asWritten'> & { pipeline: Pipeline };

/** Reads a pipeline; `file` is how messages call it. Throws a SentenceError with a line for each thing that is wrong. */
export const readSource = (file: string, text: string): Source => sourceOf(readDocument(file, text));

export const sourceOf = (document: SourceDocument): Source => ({
  ...document,
  // What is typed for a command is passed to it as it is typed.
  pipeline: readAs(Pipeline, { ...document, value: document.asWritten('jobs') }, 'the pipeline') as Pipeline,
});
