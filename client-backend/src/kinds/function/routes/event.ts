import { MOST_CALL_CHARACTERS } from '@parallel-pilot/shared/protocol/calls.ts';

export type Event =
  | { ok: true; text: string }
  | { ok: false; status: 400 | 413; code: string; message: string };

/** The body of a request as a call's event: JSON; null where it is empty. */
export function eventOf(body: string): Event {
  const text = body.trim() === '' ? 'null' : body;
  if (text.length > MOST_CALL_CHARACTERS) {
    const message = `The event has ${text.length} characters, and ${MOST_CALL_CHARACTERS} are the most. Upload what is larger, and name it in the event.`;
    return { ok: false, status: 413, code: 'function/event-too-large', message };
  }
  try {
    JSON.parse(text);
    return { ok: true, text };
  } catch (error) {
    const message = `The event is not JSON: ${(error as Error).message}.`;
    return { ok: false, status: 400, code: 'function/event-not-json', message };
  }
}
