/** Who is measured: ourselves, our reference engine, and other frameworks. */

export const peerNames = ['us', 'tfjs', 'jax', 'torch', 'torch-compile'] as const;
export type PeerName = (typeof peerNames)[number];

export const peers: Record<PeerName, { title: string; script: string; engine?: string }> = {
  us: { title: 'metadescent', script: 'ours.js', engine: 'auto' },
  tfjs: { title: 'metadescent, tfjs', script: 'ours.js', engine: 'tfjs' },
  jax: { title: 'JAX jit', script: 'jax_peer.py' },
  torch: { title: 'PyTorch eager', script: 'torch_peer.py' },
  'torch-compile': { title: 'torch.compile', script: 'torch_peer.py' },
};
