// An AVR with its serial line. The processor is that of `avr8js`; the serial line (with room for a second character behind
// the one on the line, as the chip has), the converter, interrupts and sleep are as in mlc's own machine (runtime-avr/src),
// so that cycles are the chip's.

import { CPU, avrInstruction } from 'avr8js';

const SREG = 95;
const I = 0x80;
const INTERRUPT = 4;
const WAKE_UP = 4;
const SLEEP = 0x9588;
// UCSRnA, and the interrupts of UCSRnB at the same places.
const RXC = 0x80;
const TXC = 0x40;
const UDRE = 0x20;
const U2X = 0x02;
const RXEN = 0x10;

export class AvrMachine {
  /**
   * `program`: bytes of the flash, ready, and chip: flash and sram (bytes), sramStart, wide (a program counter of 22 bits),
   * uart and rxVector, sleep and sleepEnable, adc. `console`: takes `output(byte)`, `asked()` and `step()`.
   */
  constructor(program, console) {
    this.program = program;
    this.console = console;
    this.counts = new Array(16).fill(0);
    this.reset();
  }

  reset() {
    const { chip, bytes } = this.program;
    const flash = new Uint8Array(chip.flash).fill(0xff);
    flash.set(bytes);
    // avr8js counts the bytes behind the first 100h.
    this.cpu = new CPU(new Uint16Array(flash.buffer), chip.sram + chip.sramStart - 0x100);
    this.cpu.pc22Bits = chip.wide;
    this.input = [];
    this.asleep = false;
    this.slept = 0;
    this.held = false;
    this.due = 0;
    this.now = 0;
    this.uart = { double: false, control: 0, format: 6, divider: 0, transmitted: false };
    Object.assign(this.uart, { waiting: null, sending: null, received: [], arriving: null });
    this.hookUart(chip.uart);
    this.adc = { control: 0, extended: 0, select: 0, result: 0, until: null, first: true };
    if (chip.adc) this.hookAdc(chip.adc);
    this.console.started();
  }

  /** Without those asleep. */
  get cycles() {
    return this.cpu.cycles - this.slept;
  }

  get elapsed() {
    return this.cpu.cycles;
  }

  /** Runs for about `cycles` more: `running`, or `waiting` for input. */
  run(cycles) {
    const { cpu, program } = this;
    const { data, progMem } = cpu;
    const ready = program.ready / 2;
    const until = cpu.cycles + cycles;
    this.due = 0;
    for (;;) {
      if (cpu.cycles >= this.due) {
        const state = this.events(until);
        if (state !== null) return state;
      }
      this.now = cpu.cycles;
      const { pc } = cpu;
      if (pc === ready) this.console.step();
      const before = data[SREG];
      avrInstruction(cpu);
      if (data[SREG] & ~before & I) {
        // After I has been set, one instruction more comes first.
        this.held = true;
        this.due = 0;
      }
      if (progMem[pc] === SLEEP && data[program.chip.sleep] & program.chip.sleepEnable) {
        this.asleep = true;
        this.due = 0;
      }
    }
  }

  /** Does everything that is due besides instructions. `null`: an instruction comes next. */
  events(until) {
    const { cpu, uart } = this;
    for (;;) {
      if (uart.arriving && uart.arriving.end <= cpu.cycles) {
        const { byte } = uart.arriving;
        uart.arriving = null;
        uart.received.push(byte);
        if (byte === 13 || byte === 10) this.console.asked();
      }
      while (uart.sending && uart.sending.end <= cpu.cycles) {
        const { byte, end } = uart.sending;
        uart.sending = uart.waiting === null ? null : { byte: uart.waiting, end: end + this.frameCycles() };
        uart.waiting = null;
        if (!uart.sending) uart.transmitted = true;
        this.console.output(byte);
      }
      if (cpu.cycles >= until) return 'running';
      const enabled = (cpu.data[SREG] & I) !== 0;
      const vector = enabled && !this.held ? this.request() : -1;
      if (vector >= 0) {
        this.accept(vector);
        continue;
      }
      this.feed();
      const next = Math.min(uart.sending?.end ?? Infinity, uart.arriving?.end ?? Infinity);
      if (this.asleep && next === Infinity) {
        if (enabled && uart.control & RXC) return 'waiting';
        throw new Error('the chip sleeps, and nothing will wake it');
      }
      if (this.asleep) {
        const end = Math.min(next, until);
        this.slept += end - cpu.cycles;
        cpu.cycles = end;
        continue;
      }
      this.due = this.held ? 0 : Math.min(next, until);
      this.held = false;
      return null;
    }
  }

  status() {
    const { uart } = this;
    return (
      (uart.received.length > 0 ? RXC : 0) | (uart.transmitted ? TXC : 0) | (uart.waiting === null ? UDRE : 0)
    );
  }

  /** The vector of the first interrupt that is asked for, or -1. */
  request() {
    const asked = this.status() & this.uart.control;
    const place = [RXC, UDRE, TXC].findIndex((flag) => asked & flag);
    return place < 0 ? -1 : this.program.chip.rxVector + place;
  }

  accept(vector) {
    const { cpu } = this;
    const { wide, rxVector } = this.program.chip;
    const sp = cpu.SP;
    cpu.data[sp] = cpu.pc & 255;
    cpu.data[sp - 1] = (cpu.pc >> 8) & 255;
    if (wide) cpu.data[sp - 2] = cpu.pc >> 16;
    cpu.SP = sp - (wide ? 3 : 2);
    cpu.data[SREG] &= ~I;
    if (vector === rxVector + 2) this.uart.transmitted = false;
    cpu.cycles += INTERRUPT + (wide ? 1 : 0) + (this.asleep ? WAKE_UP : 0);
    this.asleep = false;
    cpu.pc = 2 * vector;
  }

  /** Lets the next key begin on the line, if the program waits for one: none can get lost. */
  feed() {
    const { uart, input } = this;
    const waits = this.asleep && uart.control & RXC && uart.control & RXEN;
    const quiet = !uart.sending && uart.waiting === null && !uart.arriving && uart.received.length === 0;
    if (!waits || !quiet || input.length === 0) return;
    uart.arriving = { byte: input.shift(), end: this.cpu.cycles + this.frameCycles() };
  }

  frameCycles() {
    const { double, divider, format } = this.uart;
    const bits = 1 + 5 + ((format >> 1) & 3) + ((format >> 5) & 1) + 1 + ((format >> 3) & 1);
    return bits * (double ? 8 : 16) * (divider + 1);
  }

  hookUart(base) {
    const { cpu, uart } = this;
    const write = (offset, change) => {
      cpu.writeHooks[base + offset] = (value) => {
        change(value);
        this.due = 0;
        return true;
      };
    };
    write(0, (value) => {
      uart.double = (value & U2X) !== 0;
      if (value & TXC) uart.transmitted = false;
    });
    write(1, (value) => {
      uart.control = value;
    });
    write(2, (value) => {
      uart.format = value;
    });
    write(4, (value) => {
      uart.divider = (uart.divider & 0xf00) | value;
    });
    write(5, (value) => {
      uart.divider = ((value & 15) << 8) | (uart.divider & 255);
    });
    write(6, (value) => {
      if (uart.sending) uart.waiting = value;
      else uart.sending = { byte: value, end: this.now + this.frameCycles() };
    });
    const registers = {
      0: () => this.status() | (uart.double ? U2X : 0),
      1: () => uart.control,
      6: () => {
        this.due = 0;
        return uart.received.shift() ?? 0;
      },
    };
    for (const [offset, read] of Object.entries(registers)) cpu.readHooks[base + Number(offset)] = read;
  }

  /** The converter: single conversions, polled. */
  hookAdc(base) {
    const { cpu, adc } = this;
    const [ON, START, DONE, PRESCALER] = [0x80, 0x40, 0x10, 7];
    const catchUp = () => {
      if (adc.until === null || adc.until > this.now) return;
      adc.until = null;
      adc.control = (adc.control & ~START) | DONE;
      adc.result = this.counts[(adc.select & 7) | (adc.extended & 8)];
    };
    const read = (offset, value) => {
      cpu.readHooks[base + offset] = () => {
        catchUp();
        return value();
      };
    };
    read(0, () => adc.result & 255);
    read(1, () => adc.result >> 8);
    read(2, () => adc.control);
    const write = (offset, change) => {
      cpu.writeHooks[base + offset] = (value) => {
        catchUp();
        change(value);
        return true;
      };
    };
    write(2, (value) => {
      if (!(value & ON)) {
        Object.assign(adc, { until: null, first: true, control: value & PRESCALER });
        return;
      }
      adc.control = (value & (ON | PRESCALER)) | (adc.control & (START | DONE) & ~(value & DONE));
      if (value & START && adc.until === null) {
        adc.until = this.now + ((adc.first ? 25 : 13) << Math.max(value & PRESCALER, 1));
        adc.first = false;
        adc.control |= START;
      }
    });
    write(3, (value) => {
      adc.extended = value;
    });
    write(4, (value) => {
      adc.select = value;
    });
  }

  /** Whether a pin is driven to `high`; `null` while it is no output. */
  drives({ port, bit, high }) {
    const mask = 1 << bit;
    // DDRx lies before PORTx.
    if (!(this.cpu.data[port - 1] & mask)) return null;
    return ((this.cpu.data[port] & mask) !== 0) === high;
  }
}
