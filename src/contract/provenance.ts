import type { Static } from 'typebox';
import { EngineInfo } from './events.js';
import { ProblemSpec } from './problems.js';
import { Nullable, Strict } from './schema.js';
import { TrainingSpec } from './training.js';
import { Type } from './type.js';

/** Where weights come from. It holds no time of day: the same run gives the same bytes. */
export const Provenance = Strict(
  {
    problem: ProblemSpec,
    training: TrainingSpec,
    seed: Type.Integer({ minimum: 0 }),
    iterations: Type.Integer({ minimum: 0, description: 'Meta-iterations done when the file was written.' }),
    bestIteration: Nullable(Type.Integer({ minimum: 0 }), {
      description: 'Meta-iterations after which these weights stood; null where no validation chose them.',
    }),
    engine: EngineInfo,
  },
  { title: 'Provenance', description: 'How an optimizer was trained, as its file tells.' },
);
export type Provenance = Static<typeof Provenance>;
