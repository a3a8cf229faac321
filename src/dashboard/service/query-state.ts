import { useLocation } from 'preact-iso';

export type QueryChange = Readonly<Record<string, string | undefined>>;

/**
 * The fields of the address's query, and a function that changes some of them; undefined removes one. What is shown
 * survives a reload, and can be sent as a link. A change makes no entry in the browser's history.
 */
export function useQuery(): [query: Readonly<Record<string, string>>, change: (fields: QueryChange) => void] {
  const { path, query, route } = useLocation();
  const change = (fields: QueryChange) => {
    const next = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(fields))
      if (value === undefined) next.delete(name);
      else next.set(name, value);
    const search = next.toString().replaceAll('%2C', ',');
    route(search === '' ? path : `${path}?${search}`, true);
  };
  return [query, change];
}
