// An MSX1 with a cartridge, without its BIOS: what programs of mlc call of it is here, as in runtime-z80/src/msx.

import { HomeComputer } from './home.js';
import { DONE } from './z80.js';

const INTERRUPT = 0x0038;
const ENASLT = 0x0024;
const INITXT = 0x006c;
const CHGET = 0x009f;
const CHPUT = 0x00a2;
const RSLREG = 0x0138;
const RETURNED = 0x0217;
const CARTRIDGE = 0x4000;
const SECOND = 0x8000;
const THIRD = 0xc000;
const VARIABLES = 0xf380;
const BIOS_STACK = 0xf2ec;
const BOTTOM = 0xfc48;
const EXPTBL = 0xfcc1; // no slot has slots in it; behind it what those would show
const SLOT_REGISTER = 0b11_11_01_00; // the cartridge is in slot 1, RAM in slot 3
const OWN = 1;
const INTERRUPT_PERIOD = 71_591;
const ENTER = 13;
const BLOCK = 0x2000;
/** Where the registers of a mapper are, and what each shows: where, and how many bytes. */
const MAPPERS = {
  ASCII8: { size: 0x2000, register: (address) => (address >> 11) & 3 },
  ASCII16: { size: 0x4000, register: (address) => (address & 0x800 ? null : (address >> 12) & 1) },
};

export class MsxMachine extends HomeComputer {
  /** `program`: bytes (the file of the cartridge), mapper (its name, or null), ready, and wait: T-states of a fetch. */
  constructor(program, console) {
    super(console);
    this.program = program;
    this.wait = program.wait;
    this.mapper = MAPPERS[program.mapper] ?? null;
    this.trap(INTERRUPT, ENASLT, INITXT, CHGET, CHPUT, RSLREG, RETURNED);
    this.watch(program.ready);
    this.hal.writeMemory = (address, value) => this.write(address & 0xffff, value);
    this.reset();
  }

  /** As the BIOS starts a cartridge. */
  reset() {
    this.switchOn();
    this.ram = new Uint8Array(THIRD - SECOND);
    this.second = false;
    // A mapper shows its first bank everywhere, and 16 KB without one are seen twice.
    const blocks = this.program.bytes.length / BLOCK;
    this.shown = [0, 1, 2, 3].map((n) => (this.mapper ? n % (this.mapper.size / BLOCK) : n % blocks));
    this.lay(0, 4);
    const low = (word) => [word & 255, word >> 8];
    this.load(BOTTOM, [...low(SECOND), ...low(VARIABLES)]);
    this.load(EXPTBL, [0, 0, 0, 0, 0xff, 0, 0xff, 0xff]);
    this.load(BIOS_STACK, low(RETURNED));
    Object.assign(this.cpu.regs, { sp: BIOS_STACK, pc: this.word(CARTRIDGE + 2), im: 1 });
    this.setClock(INTERRUPT_PERIOD);
    this.console.started();
  }

  /** Puts what shows of the cartridge into the memory, 8 KB each. Page 2 may show RAM. */
  lay(from, to) {
    for (let n = from; n < (this.second ? to : Math.min(to, 2)); n += 1) {
      const at = this.shown[n] * BLOCK;
      this.load(CARTRIDGE + n * BLOCK, this.program.bytes.subarray(at, at + BLOCK));
    }
  }

  write(address, value) {
    if (address >= CARTRIDGE && address < (this.second ? THIRD : SECOND)) {
      if (this.mapper && address >> 13 === 3) this.select(address, value);
    } else {
      this.memory[address] = value;
    }
  }

  /** Of numbers that are too large the upper bits are not wired. */
  select(address, value) {
    const { size, register } = this.mapper;
    const number = register(address);
    if (number === null) return;
    const blocks = size / BLOCK;
    for (let n = 0; n < blocks; n += 1) {
      this.shown[number * blocks + n] = (value * blocks + n) % (this.program.bytes.length / BLOCK);
    }
    this.lay(number * blocks, (number + 1) * blocks);
  }

  /** `ENASLT`: the cartridge in page 2, or what was there before. */
  enable(own) {
    if (own === this.second) return;
    if (own) this.ram.set(this.memory.subarray(SECOND, THIRD));
    else this.load(SECOND, this.ram);
    this.second = own;
    this.lay(2, 4);
  }

  service(pc) {
    const { regs } = this.cpu;
    switch (pc) {
      case RETURNED:
        return 'ended';
      case INTERRUPT:
        Object.assign(regs, { iff1: 1, iff2: 1 });
        break;
      case ENASLT:
        this.enable((regs.a & 0x8f) === OWN);
        Object.assign(regs, { iff1: 0, iff2: 0 });
        break;
      case CHGET: {
        const key = this.key();
        if (key === undefined) return 'waiting';
        regs.a = key;
        if (key === ENTER) this.lineEnd();
        break;
      }
      case CHPUT:
        this.show(regs.a);
        break;
      case RSLREG:
        regs.a = SLOT_REGISTER;
        break;
      default:
        // INITXT: the terminal shows text anyway.
        break;
    }
    this.ret();
    return DONE;
  }
}
