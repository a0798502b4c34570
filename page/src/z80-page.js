import { CpcMachine } from './cpc.js';
import { CpmMachine } from './cpm.js';
import { SpectrumMachine } from './spectrum.js';
import { start } from './talk.js';

start({ cpm: CpmMachine, zx48: SpectrumMachine, cpc464: CpcMachine });
