import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';

/** Milliseconds for a peer to answer the closing handshake when the server stops. */
const closeTimeout = 1000;

export interface Peer {
  /** Whether it has answered a ping or received a delayed message since the last heartbeat. */
  alive: boolean;
}

/** Pings every peer once per `heartbeat` (milliseconds), and cuts the connections of those not alive since the last. */
export function watchPeers(app: FastifyInstance, heartbeat: number): { add(socket: WebSocket): Peer } {
  const peers = new Map<WebSocket, Peer>();
  const timer = setInterval(() => {
    for (const [socket, peer] of peers) {
      if (peer.alive) socket.ping();
      else socket.terminate();
      peer.alive = false;
    }
  }, heartbeat);
  app.addHook('onClose', async () => clearInterval(timer));
  return {
    add(socket) {
      const peer = { alive: true };
      peers.set(socket, peer);
      socket.on('pong', () => {
        peer.alive = true;
      });
      socket.once('close', () => peers.delete(socket));
      return peer;
    },
  };
}

/** Cuts a peer that broke the protocol or disappeared, which is not an error of the service. */
export function dropPeer(error: Error, socket: WebSocket, request: FastifyRequest): void {
  request.log.info({ reason: error.message }, 'cut a WebSocket peer');
  socket.terminate();
}

/** Before the server closes: sends close frames to the peers, and cuts those that do not answer. */
export function closePeers(this: FastifyInstance, done: () => void): void {
  const { clients } = this.websocketServer;
  for (const socket of clients) socket.close(1001, 'the server is stopping');
  setTimeout(() => {
    for (const socket of clients) socket.terminate();
  }, closeTimeout).unref();
  done();
}
