// A Z80 with 64 KB of memory, a system behind traps and a clock that interrupts. The processor is `z80-emulator`; how
// services are called, how long they take, and when interrupts come is as in mlc's own machine (runtime-z80/src).

import { Z80 } from 'z80-emulator';

const TRAP = 1;
const WATCHED = 2;
const RET = 10; // T-states of a service: those of its RET
const HALTED = 4; // of each NOP that a halted processor executes
const HALT = 0x76;
const EI = 0xfb;

/** What a service gives back that is done; others end a run: see `Z80Machine.run`. */
export const DONE = null;

export class Z80Machine {
  /** `console`: takes `output(byte)`, `echo(byte)`, `asked()` and `step()`. */
  constructor(console) {
    this.console = console;
    this.wait = 0; // T-states that each opcode fetch takes more
    this.input = [];
    this.memory = new Uint8Array(0x10000);
    this.marks = new Uint8Array(0x10000);
    const memory = this.memory;
    this.hal = {
      tStateCount: 0,
      readMemory: (address) => memory[address & 0xffff],
      writeMemory: (address, value) => {
        memory[address & 0xffff] = value;
      },
      contendMemory() {},
      readPort: () => 0xff,
      writePort() {},
      contendPort() {},
    };
    this.cpu = new Z80(this.hal);
    this.switchOn();
  }

  /** Everything but the traps is forgotten. */
  switchOn() {
    this.cpu.reset();
    this.hal.tStateCount = 0;
    this.memory.fill(0);
    this.input.length = 0;
    this.clock = null;
    this.held = false;
  }

  get cycles() {
    return this.hal.tStateCount;
  }

  /** All that has passed: this processor never sleeps. */
  get elapsed() {
    return this.hal.tStateCount;
  }

  trap(...addresses) {
    for (const address of addresses) this.marks[address] |= TRAP;
  }

  /** Tells the console when execution comes to `address`. */
  watch(address) {
    this.marks[address] |= WATCHED;
  }

  load(address, bytes) {
    this.memory.set(bytes, address);
  }

  word(address) {
    return this.memory[address] | (this.memory[(address + 1) & 0xffff] << 8);
  }

  /** Requests an interrupt every so many T-states; one that is not taken for `width` is gone. */
  setClock(every, width = Infinity) {
    this.clock = { every, width, next: this.cycles + every, raised: 0, pending: false };
  }

  /** Returns to the program. */
  ret() {
    const { regs } = this.cpu;
    regs.pc = this.word(regs.sp);
    regs.sp = (regs.sp + 2) & 0xffff;
    this.hal.tStateCount += RET + this.wait;
  }

  /**
   * Runs for about `cycles` more. `running`: they are used up. `waiting`: for input that has not come. `ended`: the program
   * has. A service that cannot be had throws an error.
   */
  run(cycles) {
    const { cpu, hal, memory, marks } = this;
    const { regs } = cpu;
    const until = hal.tStateCount + cycles;
    let next = 0;
    for (;;) {
      if (hal.tStateCount >= next) {
        if (hal.tStateCount >= until) return 'running';
        next = Math.min(this.interrupt(), until);
      }
      const pc = regs.pc;
      const mark = marks[pc];
      if (mark !== 0) {
        if (mark & WATCHED) this.console.step();
        if (mark & TRAP) {
          const state = this.service(pc);
          if (state !== DONE) return state;
          continue;
        }
      }
      const op = memory[pc];
      if (op === HALT) {
        const state = this.halt();
        if (state !== DONE) return state;
        continue;
      }
      const fetches = regs.r;
      cpu.step();
      // R counts them. No program of mlc writes to it.
      hal.tStateCount += this.wait * ((regs.r - fetches) & 255);
      if (op === EI) {
        this.held = true;
        next = 0;
      }
    }
  }

  /** Takes the clock's interrupt if it is due and allowed. Gives when to look again. */
  interrupt() {
    const { clock, cpu, hal } = this;
    if (!clock) return Infinity;
    const t = hal.tStateCount;
    if (t >= clock.next) {
      clock.pending = true;
      clock.raised = clock.next + Math.floor((t - clock.next) / clock.every) * clock.every;
      clock.next = clock.raised + clock.every;
    }
    if (clock.pending && t - clock.raised >= clock.width) clock.pending = false;
    if (!clock.pending) {
      this.held = false;
      return clock.next;
    }
    // After EI one instruction more comes first.
    const held = this.held;
    this.held = false;
    if (held || !cpu.regs.iff1) return 0;
    clock.pending = false;
    cpu.maskableInterrupt();
    hal.tStateCount += this.wait;
    return clock.next;
  }

  /** Halts until the next interrupt. */
  halt() {
    const { clock, cpu, hal } = this;
    if (!clock || !cpu.regs.iff1) throw new Error('the processor halts, and no interrupt will come');
    const state = this.beforeHalt();
    if (state !== DONE) return state;
    const nop = HALTED + this.wait;
    hal.tStateCount += nop;
    if (!clock.pending) {
      hal.tStateCount += Math.max(0, Math.ceil((clock.next - hal.tStateCount) / nop)) * nop;
    }
    cpu.regs.pc = (cpu.regs.pc + 1) & 0xffff;
    return DONE;
  }

  /** The processor is about to halt: a system may have a key for it. */
  beforeHalt() {
    return DONE;
  }
}
