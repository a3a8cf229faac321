import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { LossBuckets } from '../../../contract/loss-buckets.js';
import type { Stretch } from '../../charts/zoom.js';
import { api } from '../../service/api.js';

/** Milliseconds between two requests while the stretch grows. */
const every = 1000;

/**
 * The losses of a stretch, in finer buckets than the whole has; null until they are there, and without a stretch.
 * @param to one past the last meta-iteration so far: while it is within the stretch, the buckets are fetched again
 */
export function useDetail(id: string, zoom: Stretch | null, buckets: number, to: number): LossBuckets | null {
  const detail = useSignal<{ key: string; buckets: LossBuckets; at: number } | null>(null);
  const key = zoom === null ? '' : `${zoom.from} ${zoom.to}`;
  // Beyond the stretch, growth changes nothing in it.
  const end = zoom === null ? 0 : Math.min(to, zoom.to);
  useEffect(() => {
    if (key === '') return;
    const [from, last] = key.split(' ').map(Number) as [number, number];
    const known = detail.peek();
    const wait = known?.key === key ? Math.max(0, known.at + every - performance.now()) : 0;
    let isWanted = true;
    const timer = setTimeout(async () => {
      // A failure leaves the coarser buckets; the stream says whether the service is away.
      const series = await api.losses(id, { from, to: last + 1, points: buckets }).catch(() => null);
      if (!series || !isWanted) return;
      const fetched = new LossBuckets(series.iterationsPerBucket);
      fetched.mergeAll(series);
      detail.value = { key, buckets: fetched, at: performance.now() };
    }, wait);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [id, key, buckets, end, detail]);
  return detail.value?.key === key ? detail.value.buckets : null;
}
