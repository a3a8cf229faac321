import { createServer, request } from 'node:http';
import { TestProxy } from './test-proxy.js';

/** What a proxy does with upgrade requests. */
export type WithUpgrades = 'passes them on as plain requests' | 'cuts them off' | 'never answers them';

/** An HTTP proxy in front of a server that lets no WebSocket through. */
export class LameProxy extends TestProxy {
  upgrades = 0;

  static open(target: string, withUpgrades: WithUpgrades): Promise<LameProxy> {
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
    const proxy = new LameProxy(server);
    server.on('connection', (socket) => proxy.keep(socket));
    return proxy.listen();
  }
}
