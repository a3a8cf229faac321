/** Who is measured: ourselves, our reference engine, and other frameworks. */

/** Kinds of work: a meta-step by back-propagation, an outer step of evolution strategies, a step on one tensor. */
export type Kind = 'unroll' | 'pes' | 'step';

export const peerNames = ['us', 'bf16', 'tfjs', 'jax', 'published', 'torch', 'torch-compile'] as const;
export type PeerName = (typeof peerNames)[number];

interface Peer {
  title: string;
  /** Only for ours. */
  engine?: { name: string; precision?: 'bf16' };
  scripts: Partial<Record<Kind, string>>;
}

const ours = { unroll: 'ours.js', pes: 'ours.js', step: 'ours.js' };

export const peers: Record<PeerName, Peer> = {
  us: { title: 'metadescent', engine: { name: 'auto' }, scripts: ours },
  bf16: { title: 'metadescent, bf16', engine: { name: 'native', precision: 'bf16' }, scripts: ours },
  tfjs: { title: 'metadescent, tfjs', engine: { name: 'tfjs' }, scripts: ours },
  jax: { title: 'JAX jit', scripts: { unroll: 'jax_peer.py', pes: 'pes_jax.py', step: 'step_jax.py' } },
  published: { title: 'published structure', scripts: { pes: 'pes_jax.py', step: 'step_jax.py' } },
  torch: { title: 'PyTorch eager', scripts: { unroll: 'torch_peer.py', step: 'step_torch.py' } },
  'torch-compile': { title: 'torch.compile', scripts: { unroll: 'torch_peer.py', step: 'step_torch.py' } },
};

/** Whether a peer's processes are Python's. */
export function inPython(peer: PeerName): boolean {
  return peers[peer].engine === undefined;
}
