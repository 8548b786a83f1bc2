import type { TrainingSettings } from '@parallel-pilot/shared/kinds/training/settings.ts';
import { isHeader, isMissing, readNumber } from '../data/csv-format.ts';
import { findLabel } from '../data/layout.ts';
import { otherColumns } from './csv-files.ts';
import type { CsvRecord } from './csv-records.ts';
import { byCodePoint } from './labels.ts';
import { BadData } from './problems.ts';

export type CsvChoices = Pick<TrainingSettings, 'label' | 'missing' | 'drop' | 'encode'> &
  Partial<Pick<TrainingSettings, 'group'>>;

/** Different texts of a column that may become columns of their own. */
const MOST_VALUES = 1_000;
/** About so much memory may hold what may become columns. */
const MOST_VALUE_BYTES = 256 * 1024 ** 2;
/** What a text takes besides its characters. */
const VALUE_BYTES = 64;
/** Numbers that a row has, with those of its encoded columns. */
const MOST_FEATURES = 100_000;
const ALL_TEXT = '*';

type Found = { line: number; cell: string; fileName: string };
/** What was seen in a column. `sum` and `count` are of its numbers. */
type Column = {
  name: string;
  text: Found | null;
  comma: Found | null;
  missing: Found | null;
  sum: number;
  count: number;
  /** Distinct cells, as long as they are few enough to be encoded. */
  values: Set<string>;
};

/** A row that is taken: its features as numbers, and its label, numbers in one way of writing. */
export type CsvRow = { features: number[]; label: string; group: string };
export type CsvLayout = {
  /** A first record that is none of the rows. */
  header: boolean;
  features: number;
  labels: 'text' | 'whole' | 'measured';
  /** The last column merely may hold labels. */
  guessed: boolean;
  /** Null for a row that is left out. */
  read(cells: readonly string[]): CsvRow | null;
  /** How the file is understood, and whether that is a matter of course. */
  reading: string;
  plain: boolean;
};

/**
 * Looks at every row of a .csv and decides what its columns are. `check` and `layout` say what cannot be taken,
 * by line of the file and with what can be done about it.
 */
export class CsvSurvey {
  readonly #choices: CsvChoices;
  readonly #fileName: string;
  readonly #delimiter: string;
  readonly #columns: Column[] = [];
  #header: boolean | null = null;
  #label = -1;
  #group = -1;
  #guessed = false;
  #rows = 0;
  #points = 0;
  #commas = 0;
  #fractions = false;
  #unlabelled = 0;
  #valueBytes = 0;
  /** Columns that have values in the rows to measure on alone. */
  #unseen: Column[] = [];

  constructor(fileName: string, delimiter: string, choices: CsvChoices) {
    this.#fileName = fileName;
    this.#delimiter = delimiter;
    this.#choices = choices;
  }

  /** Throws BadData where the choices name what is not there. */
  take(records: readonly CsvRecord[]): void {
    for (const { cells, line, fileName } of records) {
      if (this.#header === null && this.#begin(cells)) continue;
      this.#rows += 1;
      for (const [index, cell] of cells.entries())
        this.#look(this.#columns[index] as Column, { cell, line, fileName });
      if (isMissing(cells[this.#label] as string)) this.#unlabelled += 1;
    }
  }

  /** True when the first record is no row. */
  #begin(cells: string[]): boolean {
    const { label, drop, encode, group = null } = this.#choices;
    this.#header = isHeader(cells, this.#delimiter, label);
    const names = this.#header ? cells : cells.map((_, index) => String(index + 1));
    for (const name of [label, group, ...drop, ...encode].filter((name) => name !== null)) {
      if (name === ALL_TEXT || names.includes(name)) continue;
      const known = this.#header
        ? `it has ${names.slice(0, 20).join(', ')}`
        : `it has no header, and they are called 1 to ${names.length}`;
      throw new BadData(
        `"${this.#fileName}" has no column "${name}"${name === label ? ' for the label' : name === group ? ' for the group' : ''}; ${known}.`,
      );
    }
    const found = label ?? (this.#header ? findLabel(names, null) : null);
    this.#guessed = found === null;
    this.#label = found === null ? names.length - 1 : names.indexOf(found);
    for (const name of names) {
      this.#columns.push({
        name,
        text: null,
        comma: null,
        missing: null,
        sum: 0,
        count: 0,
        values: new Set(),
      });
    }
    const named = names[this.#label] ?? '';
    this.#group = group === null ? -1 : names.indexOf(group);
    if (this.#group === this.#label) {
      throw new BadData(
        `The column "${named}" of "${this.#fileName}" is the label: rows are not kept together by it.`,
      );
    }
    if (drop.includes(named) || encode.includes(named)) {
      throw new BadData(
        `The column "${named}" of "${this.#fileName}" is the label: it is neither dropped nor encoded.`,
      );
    }
    return this.#header;
  }

  #look(column: Column, found: Found): void {
    const { cell } = found;
    if (isMissing(cell)) {
      column.missing ??= found;
      return;
    }
    if (this.#mayEncode(column)) this.#hold(column, cell);
    if (this.#named(column)) return;
    const number = readNumber(cell, this.#delimiter);
    if (number === null) {
      column.text ??= found;
      return;
    }
    if (number.sign === '.') this.#points += 1;
    if (number.sign === ',') {
      this.#commas += 1;
      column.comma ??= found;
    }
    column.sum += number.value;
    column.count += 1;
    if (column === this.#columns[this.#label] && !isWhole(number.value)) this.#fractions = true;
  }

  #mayEncode(column: Column): boolean {
    return this.#choices.encode.includes(ALL_TEXT) || this.#choices.encode.includes(column.name);
  }

  #hold({ values }: Column, cell: string): void {
    if (values.size > MOST_VALUES || values.has(cell)) return;
    values.add(cell);
    this.#valueBytes += VALUE_BYTES + 2 * cell.length;
    if (this.#valueBytes <= MOST_VALUE_BYTES) return;
    throw new BadData(
      `The columns of "${this.#fileName}" hold too much different text to encode. Name fewer columns in encode, or name columns in drop to leave them out.`,
    );
  }

  #named(column: Column): boolean {
    if (column === this.#columns[this.#group]) return true;
    return this.#choices.drop.includes(column.name) || this.#choices.encode.includes(column.name);
  }

  /** What of the rows so far cannot be taken, however many may come; null where nothing is wrong. */
  #problem(): string | null {
    const { missing } = this.#choices;
    const uses = this.#columns.map((column) => this.#useOf(column));
    const texts = this.#columns.filter((_, index) => uses[index] === 'text');
    if (texts.length > 0) return this.#textProblem(texts);
    const many = this.#columns.find(
      (column, index) => uses[index] === 'encode' && column.values.size > MOST_VALUES,
    );
    if (many !== undefined) {
      return `The column "${many.name}" of "${this.#fileName}" holds more than ${MOST_VALUES.toLocaleString('en')} different texts, too many to encode. Name it in drop to leave it out.`;
    }
    if (missing !== 'refuse') return null;
    const label = this.#columns[this.#label];
    if (label !== undefined && label.missing !== null) {
      return `Line ${label.missing.line} of "${label.missing.fileName}" has no label: the column "${label.name}" says "${label.missing.cell}". ${rowsOf(this.#unlabelled)} no label. Set missing to drop to leave such rows out.`;
    }
    const lacking = this.#columns.filter(
      (column, index) => uses[index] === 'number' && column.missing !== null,
    );
    const [first] = lacking.toSorted((a, b) => (a.missing?.line ?? 0) - (b.missing?.line ?? 0));
    if (first?.missing == null) return null;
    const more = lacking.length === 1 ? '' : `, as has one of ${lacking.length} columns in others`;
    return `Line ${first.missing.line} of "${first.missing.fileName}" has no value in the column "${first.name}": it says "${first.missing.cell}"${more}. Set missing to drop (leave such rows out), mean or zero (fill the cells in), or keep (hand them to the script as NaN).`;
  }

  #useOf(column: Column): 'label' | 'drop' | 'encode' | 'number' | 'text' {
    const { drop, encode } = this.#choices;
    if (column === this.#columns[this.#label]) return 'label';
    if (drop.includes(column.name) || column === this.#columns[this.#group]) return 'drop';
    if (encode.includes(column.name)) return 'encode';
    if (this.#textIn(column) === null) return 'number';
    if (drop.includes(ALL_TEXT)) return 'drop';
    return encode.includes(ALL_TEXT) ? 'encode' : 'text';
  }

  /** The first text of a column; a decimal comma is one where others write points. */
  #textIn({ text, comma }: Column): Found | null {
    return text ?? (this.#points > 0 ? comma : null);
  }

  #textProblem(texts: Column[]): string {
    const [first, ...others] = texts as [Column, ...Column[]];
    const { line, cell, fileName } = this.#textIn(first) as Found;
    const more =
      others.length === 0
        ? ''
        : ` So do ${others
            .slice(0, 10)
            .map(({ name }) => `"${name}"`)
            .join(', ')}${others.length > 10 ? ' and more' : ''}.`;
    return `The column "${first.name}" of "${fileName}" holds text: "${cell.slice(0, 60)}" in line ${line}.${more} Name such columns in drop to leave them out, or in encode to make a column of 0 and 1 for each of their values.`;
  }

  /** The label by its name, by which that of another file is found. */
  labelName(): string | null {
    return this.#columns[this.#label]?.name ?? null;
  }

  /** Throws BadData where rows to measure on, all of which `test` has seen, have other columns than these. */
  checkTest(test: CsvSurvey): void {
    test.layout();
    const columns = (of: CsvSurvey) => ({
      cells: of.#columns.map(({ name }) => name),
      fileName: of.#fileName,
      header: of.#header === true,
    });
    const [own, others] = [columns(this), columns(test)];
    if (own.header !== others.header || own.cells.join('\0') !== others.cells.join('\0')) {
      throw new BadData(otherColumns(own, others));
    }
    for (const [index, column] of this.#columns.entries()) {
      const text = test.#textIn(test.#columns[index] as Column);
      const use = this.#useOf(column);
      if (text === null || (use !== 'number' && (use !== 'label' || this.#textIn(column) !== null))) continue;
      throw new BadData(
        `The column "${column.name}" of "${test.#fileName}" holds text, "${text.cell.slice(0, 60)}" in line ${text.line}, and that of "${this.#fileName}" numbers.`,
      );
    }
    this.#fractions ||= test.#fractions;
    this.#unseen = this.#columns.filter((column, index) => {
      const values = test.#columns[index]?.values ?? new Set<string>();
      return this.#useOf(column) === 'encode' && [...values].some((value) => !column.values.has(value));
    });
  }

  /** Throws BadData for what is wrong whatever may come. */
  check(): void {
    const problem = this.#problem();
    if (problem !== null) throw new BadData(problem);
  }

  /** Throws BadData. */
  layout(): CsvLayout {
    if (this.#rows === 0) throw new BadData(`"${this.#fileName}" has no rows.`);
    this.check();
    const label = this.#columns[this.#label] as Column;
    const textual = this.#textIn(label) !== null;
    const readers = this.#columns.map((column) => this.#readerOf(column));
    const { missing } = this.#choices;
    const features = readers.reduce((sum, { width }) => sum + width, 0);
    if (features > MOST_FEATURES) {
      const [count, most] = [features, MOST_FEATURES].map((it) => it.toLocaleString('en'));
      throw new BadData(
        `A row of "${this.#fileName}" would be ${count} numbers, and ${most} are the most. Encode fewer columns, or name columns in drop to leave them out.`,
      );
    }
    return {
      header: this.#header === true,
      features,
      labels: textual ? 'text' : this.#fractions ? 'measured' : 'whole',
      guessed: this.#guessed,
      read: (cells) => {
        const own = cells[this.#label] as string;
        if (isMissing(own)) return null;
        const features: number[] = [];
        for (const [index, { width, put }] of readers.entries()) {
          if (width > 0 && !put(cells[index] as string, features) && missing === 'drop') return null;
        }
        const label = textual ? own : String(readNumber(own, this.#delimiter)?.value ?? own);
        return { features, label, group: cells[this.#group] ?? '' };
      },
      reading: this.#reading(),
      plain: this.#plain(),
    };
  }

  /** How many numbers a column gives, and how; `put` is false where a number is missing. */
  #readerOf(column: Column): { width: number; put(cell: string, to: number[]): boolean } {
    const { missing } = this.#choices;
    const use = this.#useOf(column);
    if (use === 'label' || use === 'drop') return { width: 0, put: () => true };
    if (use === 'encode') {
      const values = [...column.values].sort(byCodePoint);
      return {
        width: values.length,
        put: (cell, to) => to.push(...values.map((value) => Number(value === cell))) > -1,
      };
    }
    const mean = column.count === 0 ? 0 : column.sum / column.count;
    const filling = missing === 'mean' ? mean : missing === 'zero' ? 0 : Number.NaN;
    return {
      width: 1,
      put: (cell, to) => {
        const number = isMissing(cell) ? null : readNumber(cell, this.#delimiter);
        to.push(number?.value ?? filling);
        return number !== null;
      },
    };
  }

  #plain(): boolean {
    const uses = this.#columns.map((column) => this.#useOf(column));
    const all = uses.every((use) => use === 'label' || use === 'number');
    return (
      all && this.#unseen.length === 0 && this.#header === true && !this.#guessed && this.#delimiter === ','
    );
  }

  #reading(): string {
    const by = { ',': 'commas', ';': 'semicolons', '\t': 'tabs', '|': 'bars' }[this.#delimiter];
    const uses = this.#columns.map((column) => ({ column, use: this.#useOf(column) }));
    const names = (of: string) =>
      uses
        .flatMap(({ column, use }) => (use === of ? [`"${column.name}"`] : []))
        .slice(0, 20)
        .join(', ');
    const said = [
      `cells between ${by}`,
      ...(this.#commas > 0 && this.#points === 0 ? ['decimal commas'] : []),
      this.#header === true ? 'a header' : 'no header',
      `the label in the column ${names('label')}`,
      ...(this.#group < 0 ? [] : [`rows of one "${this.#columns[this.#group]?.name}" kept together`]),
      ...(names('drop') === '' ? [] : [`without ${names('drop')}`]),
      ...(names('encode') === '' ? [] : [`${names('encode')} encoded`]),
    ];
    const unseen = this.#unseen.slice(0, 20).map(({ name }) => `"${name}"`);
    const test =
      unseen.length === 0
        ? ''
        : `. Values of ${unseen.join(', ')} that only the test set has are 0 in every column`;
    return `Read "${this.#fileName}" with ${said.join(', ')}${test}`;
  }
}

const rowsOf = (count: number): string =>
  count === 1 ? '1 row has' : `${count.toLocaleString('en')} rows have`;

/** A whole number that float64 holds exactly. */
const isWhole = (value: number): boolean => Number.isSafeInteger(value);
