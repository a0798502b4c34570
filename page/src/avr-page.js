import { AvrMachine } from './avr.js';
import { start } from './talk.js';

start({ avr: AvrMachine });
