/** Where a worker may fetch packages: what its owner allows. `hosts` are `host:port`. */
export type PackageIndex = { address: string; hosts: readonly string[] };

export type ReadIndex = { ok: true; index: PackageIndex | null } | { ok: false; message: string };

const PYPI = ['pypi.org', 'www.pypi.org'];
/** Where PyPI has its files. */
const PYPI_FILES = 'files.pythonhosted.org:443';

/**
 * `PILOT_PACKAGE_INDEX`: the address of an index (PEP 503), behind it further hosts that its files come from:
 * "https://pypi.org/simple", "https://pypi.example.org/simple, files.example.org". Nothing may be fetched without.
 */
export function readPackageIndex(text: string | undefined): ReadIndex {
  const [address = '', ...others] = (text ?? '').split(',').map((part) => part.trim());
  if (address === '') return { ok: true, index: null };
  const url = URL.parse(address);
  if (url === null || !/^https?:$/.test(url.protocol)) return wrong(`"${address}" is no address`);
  if (url.username !== '' || url.password !== '')
    return wrong('an address with a password would be shown to the programs of jobs');
  const hosts = others.map((host) => URL.parse(`https://${host}`));
  if (hosts.some((host) => host === null || host.pathname !== '/'))
    return wrong(`"${others.join(', ')}" are no names of hosts`);
  const own = [hostOf(url), ...(PYPI.includes(url.hostname) ? [PYPI_FILES] : [])];
  return {
    ok: true,
    index: { address, hosts: [...own, ...hosts.flatMap((host) => (host ? [hostOf(host)] : []))] },
  };
}

const hostOf = (url: URL): string =>
  `${url.hostname}:${url.port || (url.protocol === 'http:' ? '80' : '443')}`;

const wrong = (what: string): ReadIndex => ({
  ok: false,
  message: `The worker's settings are not usable:\n  PILOT_PACKAGE_INDEX: ${what}. Expected the address of a package index, such as https://pypi.org/simple.`,
});
