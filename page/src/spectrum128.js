// The ZX Spectrum with 128 KB: port 7FFDh, and the tape from which a program loads its pages. As in runtime-z80/src/spectrum.

import { SpectrumMachine } from './spectrum.js';
import { Window, pages } from './window.js';
import { DONE } from './z80.js';

const RESTART = 0x0000;
const LD_BYTES = 0x0556;
const BANKM = 0x5b5c;
const ROM_BASIC = 0x10;
const LOCK = 0x20;
const PAGE = 0x07;
const DECODED = 0x8002; // A15 and A1 are 0
const DATA = 0xff; // the flag of such blocks
const WINDOW = 0xc000;

export class Spectrum128Machine extends SpectrumMachine {
  static frame = 70_908;

  /** `program`: what the smaller one takes, with entry (where the tape's BASIC enters it) and pages (blocks behind it). */
  constructor(program, console) {
    super(program, console);
    this.trap(RESTART, LD_BYTES);
    const { writePort } = this.hal;
    this.hal.writePort = (port, value) => {
      writePort(port, value);
      if (port & DECODED || this.sent & LOCK) return;
      this.sent = value;
      this.window.show(value & PAGE);
    };
    this.hal.writeMemory = (address, value) => this.window.write(address & 0xffff, value);
  }

  reset() {
    super.reset();
    const { memory, program } = this;
    memory[BANKM] = ROM_BASIC;
    this.sent = ROM_BASIC;
    const all = pages(8, []);
    all[5] = memory.subarray(0x4000, 0x8000);
    all[2] = memory.subarray(0x8000, 0xc000);
    this.window = new Window(memory, WINDOW, all, 0);
    this.blocks = program.pages.slice();
    Object.assign(this.cpu.regs, { bc: program.entry, pc: program.entry });
  }

  service(pc) {
    if (pc === RESTART) return 'ended';
    if (pc !== LD_BYTES) return super.service(pc);
    this.loadBlock();
    this.ret();
    return DONE;
  }

  /** The next block of the tape, to IX. */
  loadBlock() {
    const { regs } = this.cpu;
    const block = this.blocks.shift();
    if (block === undefined) throw new Error('nothing is left on the tape');
    if (regs.a !== DATA || !(regs.f & 1) || block.bytes.length !== regs.de) {
      throw new Error('the block on the tape is not the one that is loaded');
    }
    block.bytes.forEach((byte, at) => this.hal.writeMemory(regs.ix + at, byte));
    Object.assign(regs, { af: 1, ix: (regs.ix + regs.de) & 0xffff, de: 0, iff1: 1, iff2: 1 });
  }
}
