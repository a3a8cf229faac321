import { parentPort, workerData } from 'node:worker_threads';
import { convertNow } from './convert.js';

/** The thread of one conversion: receives a file, and posts the converted one. */
const converted = convertNow(workerData.bytes, workerData.format);
parentPort!.postMessage(converted, [converted.buffer as ArrayBuffer]);
