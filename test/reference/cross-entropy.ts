/** An image's values, 0 … 1, and its class. */
export interface Picture {
  pixels: number[];
  label: number;
}

export function softmax(z: readonly number[]): number[] {
  const largest = Math.max(...z);
  const exponentials = z.map((value) => Math.exp(value - largest));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((e) => e / sum);
}
