/** A Content-Disposition that keeps any name: plain ASCII for old programs, UTF-8 for the others (RFC 6266). */
export const disposition = (how: 'inline' | 'attachment', name: string): string =>
  `${how}; filename="${name.replace(/[^\x20-\x7e]|["\\]/g, '_')}"; filename*=UTF-8''${encodeURIComponent(name)}`;
