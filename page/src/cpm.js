// CP/M 2.2 as far as the programs of mlc need it: console functions of the BDOS, and the command processor's prompt.
// Addresses and times are those of runtime-z80/src/cpm.

import { Records } from './records.js';
import { DONE, Z80Machine } from './z80.js';

const TPA = 0x0100;
const CCP_BELOW_BDOS = 0x0806;
const BIOS_ABOVE_BDOS = 0x0dfa;
const CCP_STACK_TOP = 0x07ab;
const TAIL = 0x0080;
export const LONGEST_TAIL = 126; // with its leading space 127
const CR = 13;
const LF = 10;

const bytesOf = (text) => Array.from(text, (character) => character.charCodeAt(0));

export class CpmMachine extends Z80Machine {
  /**
   * `program`: bytes, bdos (the address), name (what is typed to start it), tail (what to start it with, or null) and file
   * (what it reads, or null).
   */
  constructor(program, console) {
    super(console);
    this.program = program;
    this.wait = program.wait;
    this.bdos = program.bdos;
    this.ccp = program.bdos - CCP_BELOW_BDOS;
    this.bios = program.bdos + BIOS_ABOVE_BDOS;
    this.trap(this.bdos, this.ccp);
    for (let entry = 0; entry < 17; entry += 1) this.trap(this.bios + 3 * entry);
    this.watch(program.ready);
    this.reset();
  }

  /** To the prompt of the command processor, or, where the program is one for conversations, into it. */
  reset(tail = this.program.tail) {
    this.switchOn();
    if (tail === null) this.prompt();
    else this.start(bytesOf(tail));
  }

  prompt() {
    this.atPrompt = true;
    this.typed = [];
    for (const byte of bytesOf(`A>${this.program.name} `)) this.console.echo(byte);
  }

  /** Loads the program as if its name and `tail` had been typed. */
  start(tail) {
    const input = this.input.slice();
    this.switchOn();
    this.input.push(...input);
    this.atPrompt = false;
    this.records = new Records(this, this.program.file);
    const { memory, bdos, bios, ccp } = this;
    const wboot = bios + 3;
    this.load(0, [0xc3, wboot & 255, wboot >> 8, 0, 0, 0xc3, bdos & 255, bdos >> 8]);
    const upper = tail.map((byte) => (byte >= 0x61 && byte <= 0x7a ? byte - 32 : byte));
    const line = upper.length > 0 && upper[0] !== 0x20 ? [0x20, ...upper] : upper;
    memory[TAIL] = line.length;
    this.load(TAIL + 1, line);
    this.load(TPA, this.program.bytes);
    const sp = ccp + CCP_STACK_TOP - 2;
    this.load(sp, [ccp & 255, ccp >> 8]);
    Object.assign(this.cpu.regs, { sp, pc: TPA });
    this.console.started();
  }

  run(cycles) {
    if (this.atPrompt) {
      const end = this.input.indexOf(CR);
      if (end < 0) return 'waiting';
      const line = this.input.splice(0, end + 1).slice(0, -1);
      for (const byte of [...line, CR, LF]) this.console.echo(byte);
      const text = String.fromCharCode(...line).trim();
      this.start(bytesOf(text));
      if (text === '') this.console.blank();
      else this.console.asked();
    }
    const state = super.run(cycles);
    if (state === 'ended') {
      this.console.ended();
      this.prompt();
      return 'waiting';
    }
    return state;
  }

  service(pc) {
    if (pc === this.ccp) return 'ended';
    if (pc !== this.bdos) {
      const entry = (pc - this.bios) / 3;
      if (entry <= 1) return 'ended';
      throw new Error(`the program calls entry ${entry} of the BIOS, which this page does not have`);
    }
    const { regs } = this.cpu;
    const number = regs.c;
    let answer = 0;
    switch (number) {
      case 0:
        return 'ended';
      case 2:
      case 6:
        this.console.output(regs.e);
        break;
      case 9:
        for (let at = regs.de; this.memory[at] !== 0x24; at = (at + 1) & 0xffff) this.console.output(this.memory[at]);
        break;
      case 10:
        if (!this.line(regs.de)) return 'waiting';
        this.console.asked();
        break;
      case 12:
        answer = 0x22;
        break;
      default:
        answer = this.records.call(number, regs.de);
        if (answer === null) {
          throw new Error(`the program calls function ${number} of the BDOS, which this page does not have`);
        }
    }
    regs.hl = answer;
    regs.a = answer & 255;
    regs.b = answer >> 8;
    this.ret();
    return DONE;
  }

  /** Reads a line into the buffer at `buffer`; `false` before it is whole. */
  line(buffer) {
    const most = Math.max(this.memory[buffer], 1);
    const end = this.input.indexOf(CR);
    if (end < 0 && this.input.length < most) return false;
    // A full line ends by itself.
    const full = end < 0 || end >= most;
    const line = this.input.splice(0, full ? most : end + 1);
    if (!full) line.pop();
    for (const byte of line) this.console.echo(byte);
    this.memory[buffer + 1] = line.length;
    this.load(buffer + 2, line);
    this.console.echo(CR);
    return true;
  }
}
