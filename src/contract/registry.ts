import type { Static } from 'typebox';
import { LearnedSpec } from './optimizers.js';
import { Provenance } from './provenance.js';
import { Nullable, Strict } from './schema.js';
import { OptimizerName, OptimizerVersion } from './trained.js';
import { Type } from './type.js';

/** A trained optimizer that the registry keeps. */
export const RegisteredOptimizer = Strict(
  {
    name: OptimizerName,
    version: Type.Unsafe<number>({
      ...OptimizerVersion,
      description: 'Counted by the service under each name from 1; a number is never given again.',
    }),
    job: Nullable(Type.String(), { description: 'Id of the job that trained it; null where it was uploaded.' }),
    createdAt: Type.String({ format: 'date-time' }),
    weights: Type.Integer({ minimum: 0, description: 'Weights φ.' }),
    size: Type.Integer({ minimum: 1, description: 'Bytes of its file, as safetensors.' }),
    sha256: Type.String({ description: 'Of that file, in hexadecimal.' }),
    optimizer: LearnedSpec,
    widths: Type.Optional(
      Type.Array(Type.Integer({ minimum: 1 }), {
        description:
          'Coordinates that one application of each network sees, in the order of the groups; not in records of earlier versions, whose provenance has the problem.',
      }),
    ),
    provenance: Provenance,
  },
  { title: 'RegisteredOptimizer' },
);
export type RegisteredOptimizer = Static<typeof RegisteredOptimizer>;

export const RegisterRequest = Strict(
  {
    name: OptimizerName,
    job: Type.String({ minLength: 1, maxLength: 64, description: 'Id of a job that has weights.' }),
  },
  { title: 'RegisterRequest', description: 'Keeps the weights of a job under a name.' },
);
export type RegisterRequest = Static<typeof RegisterRequest>;
