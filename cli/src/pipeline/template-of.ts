import type { CreatePipeline } from '@parallel-pilot/shared/api/pipelines.ts';
import type { SaveTemplate } from '@parallel-pilot/shared/api/templates.ts';
import { inForm, type Parameters, type Scalar } from '@parallel-pilot/shared/model/parameters.ts';
import { SentenceError } from '../sentence-error.ts';
import { otherValues } from './other-values.ts';
import { type Made, withPlaces } from './with-places.ts';

type Jobs = CreatePipeline['jobs'];
/** What the pipeline asks of the farm with these values. Throws a SentenceError where they cannot be. */
export type AskedWith = (values: ReadonlyMap<string, Scalar>) => Promise<Jobs>;
type Template = Pick<SaveTemplate, 'jobs' | 'parameters' | 'fixed'>;

/**
 * Makes a template of a pipeline: the commands work out what they ask of the farm from its values, so it is looked at
 * what they ask with others, and where these stand in that. A parameter whose values are not simply put in stays as it
 * is (`fixed`).
 */
export async function templateOf(
  parameters: Parameters,
  given: ReadonlyMap<string, string>,
  ask: AskedWith,
): Promise<Template> {
  const usual = new Map(
    Object.entries(parameters).map(([name, { default: own }]): [string, Scalar] => [
      name,
      inForm(own, given.get(name) ?? String(own)) ?? own,
    ]),
  );
  const plain = { values: usual, document: await ask(usual) };
  const others = await othersOf(parameters, usual, ask);
  for (const names = new Set(others.keys()); ; ) {
    const made = await madeWith({ plain, others, ask }, names);
    const places = withPlaces(made);
    if (places.ok)
      return { jobs: places.document as SaveTemplate['jobs'], ...split(parameters, usual, names) };
    const blamed = await culprits({ plain, others, ask }, names, places.at);
    if (blamed.length === 0) throw new Error('a place that no parameter moves');
    for (const name of blamed) names.delete(name);
  }
}

/** Two other values of each parameter that the commands take; one of it alone where there is no second. */
async function othersOf(parameters: Parameters, usual: ReadonlyMap<string, Scalar>, ask: AskedWith) {
  const others = new Map<string, Scalar[]>();
  const used = new Set<Scalar>(usual.values());
  for (const [name, parameter] of Object.entries(parameters)) {
    const taken: Scalar[] = [];
    for (const value of otherValues(parameter, usual.get(name) ?? '')) {
      if (taken.length === 2) break;
      if (typeof value === 'number' && used.has(value)) continue;
      if (!(await works(ask, new Map(usual).set(name, value)))) continue;
      taken.push(value);
      used.add(value);
    }
    if (taken.length > 0) others.set(name, taken);
  }
  return others;
}

const works = (ask: AskedWith, values: ReadonlyMap<string, Scalar>): Promise<boolean> =>
  ask(values).then(
    () => true,
    (error) => {
      if (error instanceof SentenceError) return false;
      throw error;
    },
  );

/** As it is, and twice with other values of these parameters; the values of others are left out of what is told. */
async function madeWith(
  { plain, others, ask }: { plain: Made; others: ReadonlyMap<string, Scalar[]>; ask: AskedWith },
  names: ReadonlySet<string>,
): Promise<Made[]> {
  const made = [plain];
  for (const which of [0, 1]) {
    const values = new Map(plain.values);
    for (const name of names) {
      const of = others.get(name) ?? [];
      const value = of[which] ?? of[0];
      if (value !== undefined) values.set(name, value);
    }
    made.push({ values, document: await ask(values) });
  }
  return made.map(({ values, document }) => ({ values: only(values, names), document }));
}

/** Which of these are not simply put in when nothing else changes; else those that change what stands there. */
async function culprits(
  known: { plain: Made; others: ReadonlyMap<string, Scalar[]>; ask: AskedWith },
  names: ReadonlySet<string>,
  at: readonly (string | number)[],
): Promise<string[]> {
  const alone: string[] = [];
  const moving: string[] = [];
  for (const name of names) {
    const made = await madeWith(known, new Set([name]));
    if (!withPlaces(made).ok) alone.push(name);
    const [before, after] = made.map(({ document }) => JSON.stringify(under(document, at)));
    if (before !== after) moving.push(name);
  }
  return alone.length > 0 ? alone : moving;
}

const under = (document: unknown, at: readonly (string | number)[]): unknown =>
  at.reduce((one: unknown, key) => (one as Record<string, unknown> | undefined)?.[key], document);

const only = (values: ReadonlyMap<string, Scalar>, names: ReadonlySet<string>) =>
  new Map([...values].filter(([name]) => names.has(name)));

function split(
  parameters: Parameters,
  usual: ReadonlyMap<string, Scalar>,
  names: ReadonlySet<string>,
): Pick<Template, 'parameters' | 'fixed'> {
  const all = Object.entries(parameters).map(([name, one]) => ({
    name,
    one,
    value: usual.get(name) ?? one.default,
  }));
  return {
    parameters: Object.fromEntries(
      all
        .filter(({ name }) => names.has(name))
        .map(({ name, one, value }) => [name, { ...one, default: value }]),
    ),
    fixed: Object.fromEntries(
      all.filter(({ name }) => !names.has(name)).map(({ name, value }) => [name, String(value)]),
    ),
  };
}
