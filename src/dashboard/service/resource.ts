import { type ReadonlySignal, useSignal, useSignalEffect } from '@preact/signals';
import { useCallback, useEffect, useRef } from 'preact/hooks';
import { online } from './feed.js';

/** Something that a page fetches. */
export interface Resource<T> {
  /** null until it is there. What was fetched before stays until then, so that nothing jumps. */
  readonly value: ReadonlySignal<T | null>;
  readonly failure: ReadonlySignal<unknown>;
  readonly reload: () => Promise<void>;
}

/**
 * Fetches for a component: at first, when `key` changes, and when the service answers again after a failure.
 * @param key names what is fetched, such as its path
 */
export function useResource<T>(key: string, fetch: () => Promise<T>): Resource<T> {
  const value = useSignal<T | null>(null);
  const failure = useSignal<unknown>(null);
  const latest = useRef({ key, fetch });
  latest.current = { key, fetch };
  const reload = useCallback(async () => {
    const asked = latest.current;
    const isCurrent = () => latest.current.key === asked.key;
    try {
      const fetched = await asked.fetch();
      if (!isCurrent()) return;
      value.value = fetched;
      failure.value = null;
    } catch (error) {
      if (isCurrent()) failure.value = error;
    }
  }, []);
  useEffect(() => {
    void reload();
  }, [key]);
  useSignalEffect(() => {
    if (online.value && failure.peek() !== null) void reload();
  });
  return { value, failure, reload };
}
