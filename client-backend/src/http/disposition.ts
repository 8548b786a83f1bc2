import { create } from 'content-disposition';

/** A Content-Disposition that keeps any name: plain ASCII for old programs, UTF-8 for the others (RFC 6266). */
export const disposition = (how: 'inline' | 'attachment', name: string): string =>
  create(name.toWellFormed(), { type: how });
