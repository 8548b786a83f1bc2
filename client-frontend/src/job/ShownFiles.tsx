import { useQuery } from '@tanstack/react-query';
import { Panel } from '../components/Panel.tsx';
import type { Artifact } from './Downloads.tsx';
import { PlainTable } from './PlainTable.tsx';
import classes from './ShownFiles.module.css';

const MOST_FILES = 12;
/** Of a text or table, as far as it is fetched to be shown. */
const MOST_BYTES = 64 * 1024;
const MOST_ROWS = 50;

type Sort = 'picture' | 'table' | 'text';

/** How a file can be shown here; null for one that is only downloaded. */
function sortOf({ mediaType }: Artifact): Sort | null {
  if (/^image\/(png|jpeg|webp|gif)$/.test(mediaType)) return 'picture';
  if (mediaType.startsWith('text/csv')) return 'table';
  return /^(text\/|application\/(json|x-ndjson))/.test(mediaType) ? 'text' : null;
}

/** The pictures, tables and texts among a job's files, in their place: people would rather look than download. */
export function ShownFiles({ artifacts }: { artifacts: readonly Artifact[] }) {
  const shown = artifacts.flatMap((artifact) => {
    const sort = sortOf(artifact);
    return sort === null || artifact.size === null || artifact.size === 0 ? [] : [{ artifact, sort }];
  });
  return shown.slice(0, MOST_FILES).map(({ artifact, sort }) => (
    <Panel key={artifact.name} title={artifact.name}>
      {sort === 'picture' ? (
        <img className={classes.picture} src={artifact.url} alt={artifact.name} loading="lazy" />
      ) : (
        <Beginning artifact={artifact} sort={sort} />
      )}
    </Panel>
  ));
}

function Beginning({ artifact, sort }: { artifact: Artifact; sort: 'table' | 'text' }) {
  const { url, size } = artifact;
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
