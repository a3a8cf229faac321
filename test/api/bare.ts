import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A request on a bare connection, which reads nothing until `resume`. */
export async function openPaused(address: string, headers: string): Promise<Socket> {
  const { hostname, port, pathname } = new URL(address);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.pause();
  socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\n${headers}\r\n`);
  return socket;
}

/** Headers that request a WebSocket upgrade. */
export const webSocketHandshake = `Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\n`;
