// The Amstrad CPC 6128: pages behind the gate array, and the disk from which a program loads them. As in runtime-z80/src/cpc.

import { CpcMachine } from './cpc.js';
import { Window, pages } from './window.js';
import { DONE } from './z80.js';

const CAS_IN_OPEN = 0xbc77;
const CAS_IN_CLOSE = 0xbc7a;
const CAS_IN_DIRECT = 0xbc83;
const KL_INIT_BACK = 0xbcce;
const MC_START_PROGRAM = 0xbd16;
const MEMORY = 0x0500; // bytes that the disk system takes
const POINTER = 0xbe7d; // to where they begin
const FIRST = 0xa700; // where they were while BASIC ran
const PORT = 0x4000;
const DECODED = 0xc000;
const SHOWS = 0xc0; // both bits: the output says what shows
const BASE = 0xc0;
const WINDOW = 0x4000;
const NO_ROM = 0xff;
const CARRY = 1;

export class Cpc6128Machine extends CpcMachine {
  /** `program`: what the smaller one takes, with entry (where `RUN"` enters it) and pages (select, bytes). */
  constructor(program, console) {
    super(program, console);
    this.trap(CAS_IN_OPEN, CAS_IN_CLOSE, CAS_IN_DIRECT, KL_INIT_BACK);
    this.hal.writePort = (port, value) => {
      if ((port & DECODED) === PORT && (value & SHOWS) === SHOWS) this.configure(value & 7);
    };
  }

  reset() {
    super.reset();
    this.files = new Map(this.program.pages.map(({ select, bytes }) => [`P${select & 7}`, bytes]));
    this.window = new Window(this.memory, WINDOW, pages(8, []), 1);
    this.load(POINTER, [FIRST & 255, FIRST >> 8]);
    this.opened = null;
    this.cpu.regs.pc = this.program.entry;
  }

  /** 0: page 1 as at first; 4 to 7: that page in its place. The others are shown by no program of mlc. */
  configure(configuration) {
    if (configuration > 0 && configuration < 4) throw new Error(`the page has no configuration ${configuration} of memory`);
    this.window.show(configuration === 0 ? 1 : configuration);
  }

  service(pc) {
    const { regs } = this.cpu;
    switch (pc) {
      case KL_INIT_BACK: {
        const first = (regs.hl - MEMORY + 1) & 0xffff;
        this.load(POINTER, [first & 255, first >> 8]);
        regs.hl = (first - 1) & 0xffff;
        break;
      }
      case CAS_IN_OPEN: {
        const name = String.fromCharCode(...this.memory.subarray(regs.hl, regs.hl + regs.b));
        this.opened = this.files.get(name.split('.')[1]);
        this.done(this.opened !== undefined);
        break;
      }
      case CAS_IN_DIRECT:
        this.load(regs.hl, this.opened);
        this.done(true);
        break;
      case CAS_IN_CLOSE:
        this.done(true);
        break;
      case MC_START_PROGRAM:
        if (regs.c !== NO_ROM) return 'ended';
        this.enter(regs.hl);
        return DONE;
      default:
        return super.service(pc);
    }
    this.ret();
    return DONE;
  }

  done(well) {
    const { regs } = this.cpu;
    regs.f = well ? regs.f | CARRY : regs.f & ~CARRY;
  }
}
