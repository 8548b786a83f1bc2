import type { CsvChoices } from '../../client-backend/src/kinds/training/split/csv-survey.ts';

type Case = {
  what: string;
  text: string | Buffer;
  choices?: Partial<CsvChoices>;
  /** The rows in any order, features first and the label last; or what the refusal says. */
  gives: { rows: (number | null)[][]; classes: string[] | null } | RegExp;
};

const two = (...lines: string[]): string => lines.join('\n');

export const CASES: Case[] = [
  {
    what: 'a header, and whole numbers for labels',
    text: two('a,label', '1.5,3', '2,1'),
    gives: {
      rows: [
        [1.5, 1],
        [2, 0],
      ].map(([a, b]) => [a ?? 0, b === 1 ? 3 : 1]),
      classes: ['1', '3'],
    },
  },
  {
    what: 'a first cell of 1_000, which is no number',
    text: two('1_000,y', '1,2'),
    gives: { rows: [[1, 2]], classes: ['2'] },
  },
  {
    what: 'a first cell of inf, which is no number',
    text: two('inf,y', '1,2'),
    gives: { rows: [[1, 2]], classes: ['2'] },
  },
  {
    what: 'a first row with NA, which is no header',
    text: two('NA,cat', '1,dog'),
    choices: { missing: 'zero' },
    gives: {
      rows: [
        [0, 0],
        [1, 1],
      ],
      classes: ['cat', 'dog'],
    },
  },
  {
    what: 'sodium is no missing value',
    text: two('Na,Mg,type', '1,2,0'),
    gives: { rows: [[1, 2, 0]], classes: ['0'] },
  },
  {
    what: 'semicolons and decimal commas',
    text: two('a;b;y', '1,5;2;0', '2,25;3;1'),
    gives: {
      rows: [
        [1.5, 2, 0],
        [2.25, 3, 1],
      ],
      classes: ['0', '1'],
    },
  },
  {
    what: 'semicolons, decimal commas and no header',
    text: two('1,5;2,5', '3,5;4,5'),
    gives: {
      rows: [
        [1.5, 2.5],
        [3.5, 4.5],
      ],
      classes: null,
    },
  },
  {
    what: 'tabs',
    text: two('a\ty', '1\t0', '2\t1'),
    gives: {
      rows: [
        [1, 0],
        [2, 1],
      ],
      classes: ['0', '1'],
    },
  },
  {
    what: 'a text with semicolons in a file with commas',
    text: two('a,note,y', '1,x;y,0', '2,z;w,1'),
    choices: { drop: ['note'] },
    gives: {
      rows: [
        [1, 0],
        [2, 1],
      ],
      classes: ['0', '1'],
    },
  },
  {
    what: 'both decimal signs',
    text: two('a;y', '1,5;0', '2.5;1'),
    gives: /^The column "a" of "d\.csv" holds text: "1,5" in line 2\./,
  },
  {
    what: 'one missing label among numbers',
    text: two('a,y', '1,0', '2,', '3,1'),
    gives:
      /^Line 3 of "d\.csv" has no label: the column "y" says ""\. 1 row has no label\. Set missing to drop/,
  },
  {
    what: 'its row left out',
    text: two('a,y', '1,0', '2,', '3,1'),
    choices: { missing: 'drop' },
    gives: {
      rows: [
        [1, 0],
        [3, 1],
      ],
      classes: ['0', '1'],
    },
  },
  {
    what: 'one NA',
    text: two('a,b,y', '1,2,0', '', '2,NA,1'),
    gives: /^Line 4 of "d\.csv" has no value in the column "b": it says "NA"\. Set missing to/,
  },
  {
    what: 'missing values filled with the mean',
    text: two('a,y', '1,0', 'NA,1', '2,0'),
    choices: { missing: 'mean' },
    gives: {
      rows: [
        [1, 0],
        [1.5, 1],
        [2, 0],
      ],
      classes: ['0', '1'],
    },
  },
  {
    what: 'missing values handed on',
    text: two('a,y', '1,0', '?,1'),
    choices: { missing: 'keep' },
    gives: {
      rows: [
        [1, 0],
        [null, 1],
      ],
      classes: ['0', '1'],
    },
  },
  {
    what: 'columns of text',
    text: two('day,kind,a,y', '2020-01-01,x,1,0', '2020-01-02,z,2,1'),
    gives:
      /^The column "day" .* holds text: "2020-01-01" in line 2\. So do "kind"\. Name such columns in drop/,
  },
  {
    what: 'one dropped, one encoded',
    text: two('day,kind,a,y', '2020-01-01,x,1,0', '2020-01-02,z,2,1'),
    choices: { drop: ['day'], encode: ['kind'] },
    gives: {
      rows: [
        [1, 0, 1, 0],
        [0, 1, 2, 1],
      ],
      classes: ['0', '1'],
    },
  },
  {
    what: 'all of them dropped',
    text: two('day,kind,a,y', '2020-01-01,x,1,0', '2020-01-02,z,2,1'),
    choices: { drop: ['*'] },
    gives: {
      rows: [
        [1, 0],
        [2, 1],
      ],
      classes: ['0', '1'],
    },
  },
  {
    what: 'text labels in the order of their code points',
    text: two('a,label', '1,\uffee', '2,𝒳', '3,é'),
    gives: {
      rows: [
        [1, 1],
        [2, 2],
        [3, 0],
      ],
      classes: ['é', '\uffee', '𝒳'],
    },
  },
  {
    what: 'numbers written in two ways are one class',
    text: two('a,y', '1,1', '2,1.0', '3,+2'),
    gives: {
      rows: [
        [1, 1],
        [2, 1],
        [3, 2],
      ],
      classes: ['1', '2'],
    },
  },
  {
    what: 'measured labels',
    text: two('a,y', '1,0.5', '2,1'),
    gives: {
      rows: [
        [1, 0.5],
        [2, 1],
      ],
      classes: null,
    },
  },
  {
    what: 'more than a thousand text labels',
    text: two(
      'a,label',
      ...Array.from({ length: 1_500 }, (_, row) => `${row},name${String(row).padStart(4, '0')}`),
    ),
    gives: {
      rows: Array.from({ length: 1_500 }, (_, row) => [row, row]),
      classes: Array.from({ length: 1_500 }, (_, row) => `name${String(row).padStart(4, '0')}`),
    },
  },
  {
    what: 'too many text labels',
    text: two('a,label', ...Array.from({ length: 10_001 }, (_, row) => `${row},name${row}`)),
    gives: /more than 10,000 different texts/,
  },
  {
    what: 'a label that is no column',
    text: two('a,b', '1,2'),
    choices: { label: 'c' },
    gives: /^"d\.csv" has no column "c" for the label; it has a, b\.$/,
  },
  {
    what: 'a label by its number',
    text: two('1,2', '3,4'),
    choices: { label: '1' },
    gives: {
      rows: [
        [2, 1],
        [4, 3],
      ],
      classes: ['1', '3'],
    },
  },
  {
    what: 'a label that names a header of numbers',
    text: two('2019,sold', '1,2'),
    choices: { label: 'sold' },
    gives: { rows: [[1, 2]], classes: ['2'] },
  },
  {
    what: 'a ragged row',
    text: two('a,y', '1,2', '1'),
    gives: /^Line 3 of "d\.csv" has 1 cell, and the first row has 2\.$/,
  },
  {
    what: 'a quote that is never closed',
    text: two('a,y', '1,"2'),
    gives: /^A quote in "d\.csv" is never closed\.$/,
  },
  {
    what: 'a quote in the wrong place',
    text: two('a,y', '1,2"3'),
    gives: /^Line 2 of "d\.csv" has a quote in the wrong place\.$/,
  },
  {
    what: 'bytes that are no UTF-8',
    text: Buffer.from('a,y\nm\xfcde,1\n', 'latin1'),
    gives: /^"d\.csv" is not text in UTF-8/,
  },
  {
    what: 'a row that is left out has the only fraction among the labels',
    text: two('label;c1;c2', '1.5;0;', '0;0;0'),
    choices: { missing: 'drop' },
    gives: { rows: [[0, 0, 0]], classes: null },
  },
  { what: 'a header alone', text: 'a,y\n', gives: /^"d\.csv" has no rows\.$/ },
];
