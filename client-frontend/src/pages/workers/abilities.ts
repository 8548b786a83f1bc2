import { LENT_DATA } from '@parallel-pilot/shared/model/lent-data.ts';
import type { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import { type Ability, type CapabilityWords, has, lacks } from '../../kinds/capabilities.ts';
import { SITE_KINDS } from '../../kinds/registry.ts';

const WORDS: CapabilityWords = {
  // What it can do for each kind is told by the kind's own capabilities.
  kinds: () => [],
  // Which program it is made with is for the log.
  sandbox: (value) => [value === 'none' ? lacks('No sandbox') : has('Sandbox')],
  limits: (value) => [
    value === 'watched' ? lacks('Limits only watched') : has(`Limits kept by the kernel (${value})`),
  ],
  [LENT_DATA]: (value) =>
    Array.isArray(value) && value.length > 0 ? [has(`Lends data: ${value.join(', ')}`)] : [],
  gang: (value) => [has(`Works together with others${value === 'machine' ? ' of its machine' : ''}`)],
  ...Object.assign({}, ...SITE_KINDS.map((kind) => kind.capabilities)),
};

/** What a worker can do, in words; capabilities without words of their own are shown as they are named. */
export function abilities(capabilities: Capabilities): Ability[] {
  return Object.entries(capabilities).flatMap(([key, value]): Ability[] => {
    const words = WORDS[key];
    if (words !== undefined) return words(value);
    if (value === false || value === '' || (Array.isArray(value) && value.length === 0)) return [];
    return [has(value === true ? key : `${key}: ${Array.isArray(value) ? value.join(', ') : value}`)];
  });
}
