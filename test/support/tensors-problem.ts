import { addFamily, type ProblemSpec } from '../../src/contract/problems.js';
import { Strict } from '../../src/contract/schema.js';
import { Type } from '../../src/contract/type.js';
import { addProblem } from '../../src/core/problems/registry.js';

/** A family whose θ has tensors of any shapes: f(θ) = Σ s (θ - b)²/2, s ~ U(0.5, 2), b ~ N(0, 1), θ_0 ~ N(0, 1). */

interface TensorsSpec {
  name: 'tensors';
  shapes: number[][];
}

const sizeOf = ({ shapes }: TensorsSpec) => shapes.reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);

const dimensions = ({ shapes }: TensorsSpec) => shapes.map((shape, i) => ({ name: `t${i}`, shape }));

addFamily(
  'tensors',
  Strict({ name: Type.Literal('tensors'), shapes: Type.Array(Type.Array(Type.Integer({ minimum: 1 }))) }),
  { parameters: dimensions },
);
addProblem('tensors', {
  shapes: (spec: TensorsSpec) => ({ s: [sizeOf(spec)], b: [sizeOf(spec)] }),
  sample(_spec, random, { s, b }, start) {
    random.fillUniform(s!, 0.5, 2);
    random.fillNormal(b!);
    random.fillNormal(start);
  },
  evaluate(tf, { s, b }, theta) {
    const away = tf.sub(theta, b!);
    const gradient = tf.mul<typeof theta>(s!, away);
    return { losses: tf.mul(tf.sum(tf.mul(gradient, away), 1), 0.5), gradient };
  },
});

export function tensorsProblem(shapes: number[][]): ProblemSpec {
  return { name: 'tensors', shapes } as unknown as ProblemSpec;
}
