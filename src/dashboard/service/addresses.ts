/** Addresses of the pages. */
export const addresses = {
  jobs: (query: Query = {}) => withQuery('/ui/', query),
  newJob: (query: { from?: string; example?: string; optimizer?: string } = {}) => withQuery('/ui/new', query),
  job: (id: string) => `/ui/jobs/${encodeURIComponent(id)}`,
  comparison: (id: string) => `/ui/jobs/${encodeURIComponent(id)}/comparison`,
  sideBySide: (ids: readonly string[]) => withQuery('/ui/side-by-side', { jobs: ids.join(',') }),
  optimizers: () => '/ui/optimizers',
  /** Without a version, the newest. */
  optimizer: (name: string, version?: number) =>
    withQuery(`/ui/optimizers/${encodeURIComponent(name)}`, { version: version?.toString() }),
};

type Query = Readonly<Record<string, string | undefined>>;

/** The path with the fields that have a value. Commas, colons and @ stay readable: a query may have them. */
function withQuery(path: string, query: Query): string {
  const given = Object.entries(query).flatMap(([name, value]) => (value ? [`${name}=${encode(value)}`] : []));
  return given.length > 0 ? `${path}?${given.join('&')}` : path;
}

function encode(value: string): string {
  return encodeURIComponent(value).replace(/%(2C|3A|40|2F)/g, decodeURIComponent);
}
