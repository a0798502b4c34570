// The Amstrad CPC 464, without its firmware: what programs of mlc call of it is here, as in runtime-z80/src/cpc.

import { HomeComputer } from './home.js';
import { DONE } from './z80.js';

const RETURNED = 0x0000;
const INTERRUPT = 0x0038;
const KM_WAIT_CHAR = 0xbb06;
const TXT_OUTPUT = 0xbb5a;
const CURSOR = [0xbb7b, 0xbb7e, 0xbb81, 0xbb84];
const MC_START_PROGRAM = 0xbd16;
const INTERRUPT_PERIOD = 13_333;
const GATE_ARRAY = 0x7f89; // in BC'
const STACK_TOP = 0xbff8;
const ENTER = 13;
const DELETE = 127;
const CARRY = 1;

export class CpcMachine extends HomeComputer {
  /** `program`: bytes, origin, ready. */
  constructor(program, console) {
    super(console);
    this.program = program;
    this.trap(RETURNED, INTERRUPT, KM_WAIT_CHAR, TXT_OUTPUT, ...CURSOR, MC_START_PROGRAM);
    this.watch(program.ready);
    this.reset();
  }

  /** As `RUN"` starts a binary file. */
  reset() {
    this.switchOn();
    const { origin, bytes } = this.program;
    this.load(origin, bytes);
    this.enter(origin);
    this.cpu.regs.im = 1;
    this.setClock(INTERRUPT_PERIOD);
    this.console.started();
  }

  /** As the firmware enters a program. */
  enter(pc) {
    Object.assign(this.cpu.regs, { sp: STACK_TOP - 2, pc, bcPrime: GATE_ARRAY, iff1: 1, iff2: 1 });
  }

  service(pc) {
    const { regs } = this.cpu;
    switch (pc) {
      case RETURNED:
      case MC_START_PROGRAM:
        return 'ended';
      case INTERRUPT:
        Object.assign(regs, { iff1: 1, iff2: 1 });
        break;
      case TXT_OUTPUT:
        this.show(regs.a);
        break;
      case KM_WAIT_CHAR: {
        const key = this.key();
        if (key === undefined) return 'waiting';
        regs.a = key === 8 ? DELETE : key;
        regs.f |= CARRY;
        if (key === ENTER) this.lineEnd();
        break;
      }
      default:
        // The cursor, which the terminal has anyway.
        break;
    }
    this.ret();
    return DONE;
  }
}
