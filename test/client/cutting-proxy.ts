import { connect, createServer, type Socket } from 'node:net';
import { TestProxy } from './test-proxy.js';

/** A TCP proxy in front of a server. */
export class CuttingProxy extends TestProxy {
  connections = 0;

  static open(target: string): Promise<CuttingProxy> {
    const { hostname, port } = new URL(target);
    const server = createServer((near) => proxy.join(near, connect(Number(port), hostname)));
    const proxy = new CuttingProxy(server);
    return proxy.listen();
  }

  private join(near: Socket, far: Socket): void {
    this.connections++;
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.keep(from);
      from.pipe(to);
      from.on('error', () => {});
      from.on('close', () => to.destroy());
    }
  }
}
