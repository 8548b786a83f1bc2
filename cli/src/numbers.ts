import { InvalidArgumentError } from 'commander';

/** For commander: a whole number within bounds, or a sentence. */
export const wholeNumber =
  (from: number, to: number) =>
  (text: string): number => {
    const value = /^-?\d{1,9}$/.test(text.trim()) ? Number(text) : Number.NaN;
    if (value >= from && value <= to) return value;
    throw new InvalidArgumentError(`Write a whole number from ${from} to ${to}.`);
  };

/** Of a job, as the farm takes it. */
export const priority = wholeNumber(-100, 100);
