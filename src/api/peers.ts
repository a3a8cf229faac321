import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';

/** Milliseconds that a peer has to answer the closing handshake when the server stops. */
const closeTimeout = 1000;

export interface Peer {
  /** Whether it has answered a ping or taken a message that had to wait, since the last heartbeat. */
  alive: boolean;
}

/** Pings every peer once a `heartbeat` (milliseconds), and cuts the connection of one that was not alive since. */
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

/** Cuts a peer that broke the protocol, or left without a word: its own affair, and no error of the service. */
export function dropPeer(error: Error, socket: WebSocket, request: FastifyRequest): void {
  request.log.info({ reason: error.message }, 'a WebSocket peer was cut');
  socket.terminate();
}

/** Before the server closes: says good-bye to the peers, and cuts those that do not answer. */
export function closePeers(this: FastifyInstance, done: () => void): void {
  const { clients } = this.websocketServer;
  for (const socket of clients) socket.close(1001, 'the server stops');
  setTimeout(() => {
    for (const socket of clients) socket.terminate();
  }, closeTimeout).unref();
  done();
}
