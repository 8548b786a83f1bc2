/** Marks that turn the direction of text, by which it shows other than it is (CVE-2021-42574). */
const DIRECTION = '\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069';
const CONTROLS = new RegExp(`(?![\\n\\t])\\p{Cc}|[${DIRECTION}]`, 'gu');
const UNESCAPED = new RegExp(`[\\u007f-\\u009f${DIRECTION}]`, 'gu');

/**
 * A text that somebody else wrote, as it may be printed: without the control
 * characters that a terminal executes instead of showing them (an escape sequence
 * can write the clipboard, OSC 52), but for line breaks and tabs.
 */
export const printable = (text: string): string => text.replace(CONTROLS, '');

/** The same for what has one line, such as a name. */
export const oneLine = (text: string): string => printable(text.replace(/[\n\t\r\u2028\u2029]+/g, ' '));

/** JSON of which nothing is executed: its writers escape C0 alone. It says the same. */
export const printableJson = (json: string): string =>
  json.replace(UNESCAPED, (it) => `\\u${it.charCodeAt(0).toString(16).padStart(4, '0')}`);
