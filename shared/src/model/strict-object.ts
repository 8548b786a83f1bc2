import { distance } from 'fastest-levenshtein';
import { z } from 'zod';

/** An object that a user sends: a key that it does not know is refused, with the nearest one that it knows. */
export const strictObject = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.strictObject(shape, { error: unknownKeys });

/** The message for keys that an object does not know; for schemas that become strict later, by `.strict()`. */
export const unknownKeys: z.core.$ZodErrorMap = (issue) => {
  if (issue.code !== 'unrecognized_keys') return undefined;
  const known = issue.inst instanceof z.ZodObject ? Object.keys(issue.inst.shape) : [];
  return issue.keys
    .slice(0, 3)
    .map((key) => unknownKey(key, known))
    .join('; ');
};

function unknownKey(key: string, known: readonly string[]): string {
  const [nearest] = known
    .map((name) => ({ name, far: distance(key.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.far - b.far);
  const short = key.length > 60 ? `${key.slice(0, 60)}…` : key;
  // As far as half of it is a slip, further is another word.
  const meant =
    nearest !== undefined && nearest.far <= key.length / 2 ? `did you mean "${nearest.name}"?` : '';
  return `"${short}" is not known here${meant === '' ? `. Known are ${known.join(', ')}` : `, ${meant}`}`;
}
