import { useQuery } from '@tanstack/react-query';
import { Panel } from '../components/Panel.tsx';
import { PlainTable } from './PlainTable.tsx';
import classes from './ShownFiles.module.css';

const MOST_FILES = 12;
/** Of a text or table, as far as it is fetched to be shown. */
const MOST_BYTES = 64 * 1024;
const MOST_ROWS = 50;

/** A file with its name, where it is, and what it is; `size` is null where it is made when it is asked for. */
export type Showable = { name: string; url: string; mediaType: string; size: number | null };

type Sort = 'picture' | 'table' | 'text';

/** How a file can be shown here; null for one that is only downloaded. */
function sortOf({ mediaType, size }: Omit<Showable, 'url'>): Sort | null {
  if (size === null || size === 0) return null;
  if (/^image\/(png|jpeg|webp|gif)$/.test(mediaType)) return 'picture';
  if (mediaType.startsWith('text/csv')) return 'table';
  return /^(text\/|application\/(json|x-ndjson))/.test(mediaType) ? 'text' : null;
}

export const isShown = (file: Omit<Showable, 'url'>): boolean => sortOf(file) !== null;

/** The pictures, tables and texts among files, in their place: people would rather look than download. */
export const ShownFiles = ({ files }: { files: readonly Showable[] }) =>
  files
    .filter(isShown)
    .slice(0, MOST_FILES)
    .map((file) => (
      <Panel key={file.name} title={file.name}>
        <ShownFile file={file} />
      </Panel>
    ));

/** A picture, or how a table or text begins; nothing of what cannot be shown. */
export function ShownFile({ file }: { file: Showable }) {
  const sort = sortOf(file);
  if (sort === null) return null;
  return sort === 'picture' ? (
    <img className={classes.picture} src={file.url} alt={file.name} loading="lazy" />
  ) : (
    <Beginning file={file} sort={sort} />
  );
}

function Beginning({ file, sort }: { file: Showable; sort: 'table' | 'text' }) {
  const { url, size } = file;
  const isCut = (size ?? 0) > MOST_BYTES;
  const { data, error } = useQuery({
    queryKey: ['beginning', url, sort],
    queryFn: async ({ signal }) => {
      const text = await beginningOf(url, signal);
      return { text, rows: sort === 'table' ? await rowsOf(text, isCut).catch(() => null) : null };
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (error !== null) return <p role="alert">It cannot be shown now. It can still be downloaded.</p>;
  if (data === undefined) return <p className={classes.more}>Loading…</p>;
  const { text, rows } = data;
  const isPart = isCut || (rows?.length ?? 0) > MOST_ROWS;
  return (
    <>
      {rows === null ? (
        <pre className={classes.text}>{text}</pre>
      ) : (
        <PlainTable rows={rows.slice(0, MOST_ROWS)} />
      )}
      {isPart && <p className={classes.more}>This is its beginning; the file has all of it.</p>}
    </>
  );
}

async function beginningOf(url: string, signal: AbortSignal): Promise<string> {
  const reply = await fetch(url, { headers: { range: `bytes=0-${MOST_BYTES - 1}` }, signal });
  if (!reply.ok) throw new Error(`${reply.status}`);
  return new TextDecoder().decode(await reply.arrayBuffer());
}

/** Its last line may be half a one. */
async function rowsOf(text: string, isCut: boolean): Promise<string[][]> {
  const { parse } = await import('csv-parse/browser/esm/sync');
  const whole = isCut ? text.slice(0, text.lastIndexOf('\n') + 1) : text;
  return parse(whole, { bom: true, relax_column_count: true, skip_empty_lines: true, to: MOST_ROWS + 1 });
}
