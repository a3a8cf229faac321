import type { Static } from 'typebox';
import { LearnedSpec } from './optimizers.js';
import { Provenance } from './provenance.js';
import { Nullable, Strict } from './schema.js';
import { OptimizerName, OptimizerVersion } from './trained.js';
import { Type } from './type.js';

/** A trained optimizer in the registry. */
export const RegisteredOptimizer = Strict(
  {
    name: OptimizerName,
    version: Type.Unsafe<number>({
      ...OptimizerVersion,
      description: 'Numbered by the service from 1 per name; numbers are never reused.',
    }),
    job: Nullable(Type.String(), { description: 'Id of the job that trained it; null where it was uploaded.' }),
    createdAt: Type.String({ format: 'date-time' }),
    weights: Type.Integer({ minimum: 0, description: 'Weights φ.' }),
    size: Type.Integer({ minimum: 1, description: 'Bytes of the safetensors file.' }),
    sha256: Type.String({ description: 'SHA-256 of that file, in hexadecimal.' }),
    optimizer: LearnedSpec,
    widths: Type.Optional(
      Type.Array(Type.Integer({ minimum: 1 }), {
        description:
          'Coordinates that one application of each network sees, in the order of the groups. Absent from records of earlier versions, whose provenance has the problem.',
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
  { title: 'RegisterRequest', description: 'Registers the weights of a job under a name.' },
);
export type RegisterRequest = Static<typeof RegisterRequest>;
