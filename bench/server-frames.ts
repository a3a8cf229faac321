/** Characters of a message that its receiver gets to see. */
const seen = 200;

/** Reads the frames of a WebSocket server (RFC 6455) without copying messages: only their beginnings are looked at. */
export class ServerFrames {
  /** The beginning of a frame, or of the answer to the handshake, of which more is to come. */
  private rest: Buffer | null = null;
  /** Bytes of the present message still to be passed over. */
  private skip = 0;
  private open = false;

  /** @param receive gets the beginning of each message, and its length in bytes */
  constructor(
    private readonly receive: (beginning: string, length: number) => void,
    private readonly ping: (payload: Buffer) => void,
  ) {}

  /** @returns whether the handshake is done. */
  read(bytes: Buffer): boolean {
    const skipped = Math.min(this.skip, bytes.length);
    this.skip -= skipped;
    let left = skipped > 0 ? bytes.subarray(skipped) : bytes;
    if (this.rest) left = Buffer.concat([this.rest, left]);
    if (!this.open) left = this.shake(left);
    while (this.open && left.length > 0) {
      const used = this.frame(left);
      if (used === 0) break;
      this.skip = Math.max(0, used - left.length);
      left = left.subarray(used);
    }
    this.rest = left.length > 0 ? Buffer.from(left) : null;
    return this.open;
  }

  private shake(bytes: Buffer): Buffer {
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0) return bytes;
    const [status] = bytes.toString('latin1', 0, end).split('\r\n', 1);
    if (!status?.startsWith('HTTP/1.1 101')) throw new Error(`${status}: ${bytes.subarray(end + 4)}`);
    this.open = true;
    return bytes.subarray(end + 4);
  }

  /** @returns the frame's length; 0 if not enough of it is there. */
  private frame(bytes: Buffer): number {
    if (bytes.length < 2) return 0;
    const short = bytes[1]! & 127;
    const header = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < header) return 0;
    const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    if (bytes.length < header + Math.min(length, seen)) return 0;
    const kind = bytes[0]! & 15;
    if (kind === 1) this.receive(bytes.toString('latin1', header, header + Math.min(length, seen)), length);
    if (kind === 9) this.ping(bytes.subarray(header, header + length));
    return header + length;
  }
}

/** A client's frames are masked; a mask of zeros changes nothing. */
export function pongTo(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x8a, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}
