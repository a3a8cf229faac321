import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { TrainingSpec } from '../../../contract/training.js';
import type { LossField } from '../../charts/heat.js';
import { HeatMap } from '../../charts/heat-map.js';
import { api } from '../../service/api.js';
import type { JobModel } from './job-model.js';
import { newest } from './newest.js';

/** Milliseconds between two pictures. */
const every = 2000;

/** The losses within the newest unrolls. */
export function UnrollsSection({ model, training }: { model: JobModel; training: TrainingSpec }) {
  const field = useSignal<LossField | null>(null);
  const shownAt = useSignal(Number.NEGATIVE_INFINITY);
  const to = model.stream.losses.value?.to ?? 0;
  useEffect(() => {
    if (to === 0) return;
    let isWanted = true;
    const timer = setTimeout(
      async () => {
        const { from, steps } = newest(training, to);
        // The picture before stays while the service is away.
        const points = await readPoints(model.id, from, to).catch(() => null);
        if (!points || !isWanted) return;
        shownAt.value = performance.now();
        field.value = { iteration: from, steps, points };
      },
      Math.max(0, shownAt.peek() + every - performance.now()),
    );
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [model.id, training, to, field, shownAt]);
  return (
    <section class="section" aria-labelledby="unrolls-title">
      <h2 id="unrolls-title">Newest unrolls</h2>
      <p class="small faint">
        Loss f(θ) at each step of an unroll, top to bottom, for the newest meta-iterations, left to right.
      </p>
      <HeatMap title="Losses of the newest unrolls" field={field.value} />
    </section>
  );
}

async function readPoints(id: string, from: number, to: number): Promise<Float32Array> {
  const bytes = await new Response(await api.lossPoints(id, 'fp32', { from, to })).arrayBuffer();
  return new Float32Array(bytes, 0, Math.floor(bytes.byteLength / 4));
}
