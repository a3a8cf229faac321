import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { JobSpec } from '../../../contract/spec.js';
import { replaceFrom, type Validation, validationOf } from '../../charts/validations.js';
import { api } from '../../service/api.js';

type ById = ReadonlyMap<string, readonly Validation[]>;

/**
 * The validations of jobs by their ids, live, once they are asked for. They come over WebSockets, which browsers do not
 * count among the few connections of a page.
 */
export function useValidations(specs: ReadonlyMap<string, JobSpec>, areWanted: boolean): ById {
  const validations = useSignal<ById>(new Map());
  const key = areWanted ? [...specs.keys()].join() : '';
  const latest = useRef(specs);
  latest.current = specs;
  useEffect(() => {
    if (key === '') return;
    const over = new AbortController();
    let frame = 0;
    const known = new Map<string, Validation[]>();
    const tell = () => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => {
        validations.value = new Map(known);
      });
    };
    const read = async (id: string) => {
      const own: Validation[] = [];
      known.set(id, own);
      const spec = latest.current.get(id)!;
      for await (const event of api.events(id, { types: ['validation'], signal: over.signal })) {
        if (event.type !== 'validation') continue;
        replaceFrom(own, validationOf(event, spec));
        tell();
      }
    };
    // What a lost connection leaves out is not drawn; the page says that the service is away.
    for (const id of key.split(',')) read(id).catch(() => {});
    return () => {
      over.abort();
      cancelAnimationFrame(frame);
    };
  }, [key, validations]);
  return validations.value;
}
