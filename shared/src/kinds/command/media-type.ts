const TEXT = 'text/plain; charset=utf-8';
const MEDIA_TYPES: Record<string, string> = {
  ...{ png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', webp: 'image/webp', gif: 'image/gif' },
  ...{ csv: 'text/csv; charset=utf-8', txt: TEXT, log: TEXT, md: TEXT, out: TEXT, err: TEXT },
  ...{ json: 'application/json', jsonl: 'application/x-ndjson', pdf: 'application/pdf' },
};

/** Of a file that a run left: by the ending of its name alone; nothing looks into it. What a browser would run is bytes. */
export const mediaTypeOf = (name: string): string =>
  MEDIA_TYPES[name.toLowerCase().split('.').at(-1) ?? ''] ?? 'application/octet-stream';
