import { cifarNet } from '../../contract/problems/cifar.js';
import { convNet } from './conv-net.js';

export const cifar = convNet('cifar', cifarNet);
