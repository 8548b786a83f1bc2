import type { Lent } from '@parallel-pilot/shared/model/lent.ts';

/** Whether it is lent now, and until when, by the clock of whoever looks. */
export function lentInWords(lent: Lent): string {
  if (lent.open) return lent.until === null ? 'Lent now.' : `Lent now, until ${clockOf(lent.until)}.`;
  if (lent.because === 'in-use') return 'Not lent now: somebody uses the machine.';
  return lent.from === null ? 'Not lent now.' : `Not lent now, but from ${clockOf(lent.from)} on.`;
}

const clockOf = (at: number): string =>
  new Date(at)
    .toLocaleString('en-GB', { weekday: 'long', hour: '2-digit', minute: '2-digit' })
    .replace(',', '');
