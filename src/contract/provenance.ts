import type { Static } from 'typebox';
import { EngineInfo } from './events.js';
import { TrainingProblem } from './problems.js';
import { Nullable, Strict } from './schema.js';
import { TrainingSpec } from './training.js';
import { Type } from './type.js';

/**
 * Where weights come from, as far as their file says; nothing is filled in. It has no time of day, so that the same run
 * gives the same bytes.
 */
export const Provenance = Strict(
  {
    problem: Type.Optional(TrainingProblem),
    training: Type.Optional(
      Type.Unsafe<Partial<TrainingSpec>>({
        ...TrainingSpec,
        default: undefined,
        description: 'The training’s options; fields that the file lacks are not filled in.',
      }),
    ),
    seed: Type.Optional(Type.Integer({ minimum: 0 })),
    iterations: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Meta-iterations done when the file was written.' }),
    ),
    bestIteration: Type.Optional(
      Nullable(Type.Integer({ minimum: 0 }), {
        description: 'Meta-iterations after which training had these weights; null where no validation chose them.',
      }),
    ),
    engine: Type.Optional(EngineInfo),
  },
  { title: 'Provenance', description: 'How an optimizer was trained, as far as its file says.' },
);
export type Provenance = Static<typeof Provenance>;
