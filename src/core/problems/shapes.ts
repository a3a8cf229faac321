import { convNet } from './conv-net.js';

export const shapes = convNet('shapes', (spec) => spec);
