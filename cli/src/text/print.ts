import { printable, printableJson } from '@parallel-pilot/shared/model/printable.ts';

type Stream = Pick<NodeJS.WritableStream, 'write'>;

/** Prints lines of which others wrote a part: names, messages, logs. Not for text that is coloured here. */
export const print = (stream: Stream, text: string | readonly string[]): void =>
  void stream.write(`${printable([text].flat().join('\n'))}\n`);

export const printJson = (stream: Stream, value: unknown, indent?: number): void =>
  void stream.write(`${printableJson(JSON.stringify(value, null, indent))}\n`);
