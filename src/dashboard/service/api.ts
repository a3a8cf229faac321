import { Client } from '../../client/client.js';

/** The service that this page comes from. */
export const api = new Client(location.origin);
