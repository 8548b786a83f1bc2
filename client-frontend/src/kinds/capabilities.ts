import type { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';

/** Something a worker can do, or lacks. */
export type Ability = { text: string; lacking: boolean };

type Value = Capabilities[string];
/** Says a capability in words, by its name. */
export type CapabilityWords = Record<string, (value: Value) => Ability[]>;

export const has = (text: string): Ability => ({ text, lacking: false });
export const lacks = (text: string): Ability => ({ text, lacking: true });
export const listOf = (value: Value): string[] => (Array.isArray(value) ? value : [String(value)]);
