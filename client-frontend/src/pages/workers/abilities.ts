import { engineName } from '@parallel-pilot/shared/kinds/blender/resolve.ts';
import type { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';

export type Ability = { text: string; lacking: boolean };

/** What a worker can do, in words; capabilities without words of their own are shown as they are named. */
export function abilities(capabilities: Capabilities): Ability[] {
  return Object.entries(capabilities).flatMap(([key, value]): Ability[] => {
    const words = WORDS[key];
    if (words !== undefined) return words(value);
    if (value === false || value === '' || (Array.isArray(value) && value.length === 0)) return [];
    return [has(value === true ? key : `${key}: ${Array.isArray(value) ? value.join(', ') : value}`)];
  });
}

type Value = Capabilities[string];
const has = (text: string): Ability => ({ text, lacking: false });
const lacks = (text: string): Ability => ({ text, lacking: true });
const listOf = (value: Value): string[] => (Array.isArray(value) ? value : [String(value)]);

const WORDS: Record<string, (value: Value) => Ability[]> = {
  // What it can do for each kind is told by the kind's own capabilities.
  kinds: () => [],
  'blender.version': (value) => [has(`Blender ${value}`)],
  'blender.engines': (value) => [...new Set(listOf(value).map(engineName))].map(has),
  'blender.denoiser': (value) => [value === true ? has('Denoiser') : lacks('No denoiser')],
  'blender.devices': (value) => listOf(value).map(has),
};
