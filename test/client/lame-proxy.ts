import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** What a proxy does with upgrade requests. */
export type WithUpgrades = 'passes them on as plain requests' | 'cuts them off' | 'never answers them';

/** An HTTP proxy in front of a server that lets no WebSocket through. */
export class LameProxy {
  private readonly sockets = new Set<Socket>();
  upgrades = 0;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async open(target: string, withUpgrades: WithUpgrades): Promise<LameProxy> {
    const server = createServer((near, answer) => {
      const { upgrade, connection, ...headers } = near.headers;
      if (upgrade !== undefined) proxy.upgrades++;
      const far = request(new URL(near.url!, target), { method: near.method, headers }, (response) => {
        answer.writeHead(response.statusCode!, response.headers);
        answer.flushHeaders();
        response.on('error', () => answer.destroy());
        response.pipe(answer);
      });
      far.on('error', () => answer.destroy());
      answer.on('close', () => far.destroy());
      near.pipe(far);
    });
    if (withUpgrades !== 'passes them on as plain requests')
      server.on('upgrade', (_request, socket) => {
        proxy.upgrades++;
        socket.on('error', () => {});
        if (withUpgrades === 'cuts them off') socket.destroy();
      });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const proxy = new LameProxy(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('connection', (socket) => {
      proxy.sockets.add(socket);
      socket.once('close', () => proxy.sockets.delete(socket));
    });
    return proxy;
  }

  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    this.server.close();
    await once(this.server, 'close');
  }
}
