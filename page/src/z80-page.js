import { CpcMachine } from './cpc.js';
import { Cpc6128Machine } from './cpc6128.js';
import { CpmMachine } from './cpm.js';
import { MsxMachine } from './msx.js';
import { SpectrumMachine } from './spectrum.js';
import { Spectrum128Machine } from './spectrum128.js';
import { start } from './talk.js';

start({
  cpm: CpmMachine,
  zx48: SpectrumMachine,
  zx128: Spectrum128Machine,
  cpc464: CpcMachine,
  cpc6128: Cpc6128Machine,
  msx: MsxMachine,
});
