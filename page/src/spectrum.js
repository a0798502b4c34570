// The ZX Spectrum with 48 KB, without its ROM: what programs of mlc call of it is here, as in runtime-z80/src/spectrum.

import { HomeComputer } from './home.js';
import { DONE } from './z80.js';

const INTERRUPT_WIDTH = 32;
const COLOURS = 0x38; // black on white
const IY = 0x5c3a;
const BASIC_HL = 0x2758;

const PRINT = 0x0010;
const INTERRUPT = 0x0038;
const CLS = 0x0d6b;
const CHAN_OPEN = 0x1601;
const MAIN_REPORT = 0x1303;
const STACK_BC = 0x2d2b;
const ERROR = 0x0008;

const LAST_K = 0x5c08;
const FLAGS = 0x5c3b;
const NEW_KEY = 0x20;
const FRAMES = 0x5c78;
const DF_CC = 0x5c84;
const S_POSN = 0x5c88;
const SCR_CT = 0x5c8c;
const ATTR_P = 0x5c8d;
const RAMTOP = 0x5cb2;
const P_RAMT = 0x5cb4;

const ROWS = 24;
const COLUMNS = 32;
const PRINT_ROWS = ROWS - 2;
const ENTER = 13;
const AT = 22;
const DELETE = 12;

const cell = (row, column, line) => ((0x40 | (row & 0x18) | line) << 8) | ((row & 7) << 5) | column;
const attribute = (row, column) => 0x5800 + row * COLUMNS + column;

export class SpectrumMachine extends HomeComputer {
  /** T-states from interrupt to interrupt. */
  static frame = 69_888;

  /** `program`: bytes, origin, ready, and font: eight rows of the characters 32 to 127. */
  constructor(program, console) {
    super(console);
    this.program = program;
    this.trap(ERROR, PRINT, INTERRUPT, CLS, CHAN_OPEN, MAIN_REPORT, STACK_BC);
    this.watch(program.ready);
    this.hal.readPort = () => 0xff;
    this.hal.writePort = (port, value) => {
      if (!(port & 1)) this.border = value & 7;
    };
    this.reset();
  }

  /** As `RANDOMIZE USR` starts the code of a tape. */
  reset() {
    this.switchOn();
    const { origin, bytes } = this.program;
    const low = (word) => [word & 255, word >> 8];
    this.border = 7;
    this.pressed = null;
    this.at = [];
    this.memory.fill(COLOURS, 0x5800, 0x5b00);
    this.memory[FLAGS] = 0x88;
    this.load(DF_CC, low(0x4000));
    this.load(S_POSN, [33, 24]);
    this.memory[SCR_CT] = 1;
    this.memory[ATTR_P] = COLOURS;
    this.load(P_RAMT, low(0xffff));
    this.load(RAMTOP, low(origin - 1));
    const sp = origin - 12;
    this.load(sp, low(STACK_BC));
    this.load(origin, bytes);
    Object.assign(this.cpu.regs, { bc: origin, sp, pc: origin, iy: IY, hlPrime: BASIC_HL, iff1: 1, iff2: 1, im: 1 });
    this.setClock(this.constructor.frame, INTERRUPT_WIDTH);
    this.console.started();
  }

  service(pc) {
    switch (pc) {
      case PRINT:
        this.print(this.cpu.regs.a);
        break;
      case INTERRUPT:
        this.frame();
        break;
      case CLS:
        for (let row = 0; row < ROWS; row += 1) this.clearRow(row);
        this.place(0, 0);
        break;
      case CHAN_OPEN:
        break;
      case ERROR:
        throw new Error('BASIC stops with a report');
      default:
        return 'ended';
    }
    this.ret();
    return DONE;
  }

  /** The program waits for a key, if it has taken the last one. */
  beforeHalt() {
    if (this.memory[FLAGS] & NEW_KEY || this.pressed !== null) return DONE;
    const key = this.key();
    if (key === undefined) return 'waiting';
    this.pressed = key === 8 ? DELETE : key;
    return DONE;
  }

  /** The interrupt routine: counts the frame, hands a key over. */
  frame() {
    const { memory } = this;
    for (let at = FRAMES; at < FRAMES + 3; at += 1) {
      memory[at] += 1;
      if (memory[at] !== 0) break;
    }
    if (!(memory[FLAGS] & NEW_KEY) && this.pressed !== null) {
      memory[LAST_K] = this.pressed;
      memory[FLAGS] |= NEW_KEY;
      if (this.pressed === ENTER) this.lineEnd();
      this.pressed = null;
    }
    Object.assign(this.cpu.regs, { iff1: 1, iff2: 1 });
  }

  print(code) {
    const { memory } = this;
    if (this.at.length === 2) {
      const row = this.at[1];
      this.at = [];
      this.place(row, code);
    } else if (code === AT || this.at.length > 0) {
      this.at.push(code);
    } else if (code === ENTER) {
      this.nextRow();
      this.show(13);
      this.show(10);
    } else if (code === 8) {
      const [row, column] = this.position();
      this.place(row, Math.max(0, column - 1));
      this.show(8);
    } else {
      if (code < 32 || code > 127) throw new Error(`the program prints the code ${code}, which is no character here`);
      if (this.position()[1] === COLUMNS) this.nextRow();
      const [row, column] = this.position();
      for (let line = 0; line < 8; line += 1) {
        memory[cell(row, column, line)] = this.program.font[8 * (code - 32) + line];
      }
      memory[attribute(row, column)] = memory[ATTR_P];
      this.place(row, column + 1);
      this.show(code);
    }
  }

  /** Row and column of the next character; column 32 is behind the last of a row. */
  position() {
    const { memory } = this;
    const row = Math.min(Math.max(0, 24 - memory[S_POSN + 1]), ROWS - 1);
    return [row, Math.min(Math.max(0, 33 - memory[S_POSN]), COLUMNS)];
  }

  place(row, column) {
    this.memory[S_POSN] = 33 - column;
    this.memory[S_POSN + 1] = 24 - row;
    const address = cell(row, 0, 0) + column;
    this.load(DF_CC, [address & 255, address >> 8]);
  }

  nextRow() {
    const { memory } = this;
    const [row] = this.position();
    if (row + 1 < PRINT_ROWS) {
      this.place(row + 1, 0);
      return;
    }
    memory[SCR_CT] -= 1;
    for (let to = 0; to < PRINT_ROWS - 1; to += 1) {
      for (let line = 0; line < 8; line += 1) {
        const from = cell(to + 1, 0, line);
        memory.copyWithin(cell(to, 0, line), from, from + COLUMNS);
      }
      const from = attribute(to + 1, 0);
      memory.copyWithin(attribute(to, 0), from, from + COLUMNS);
    }
    this.clearRow(PRINT_ROWS - 1);
    this.place(PRINT_ROWS - 1, 0);
  }

  clearRow(row) {
    const { memory } = this;
    for (let line = 0; line < 8; line += 1) memory.fill(0, cell(row, 0, line), cell(row, 0, line) + COLUMNS);
    memory.fill(memory[ATTR_P], attribute(row, 0), attribute(row, 0) + COLUMNS);
  }

  /** Size of `draw`'s picture: 256 × 192 points and a border. */
  static width = 320;
  static height = 240;

  /** Draws the screen into RGBA points. `flashed`: cells that flash are in their second phase. */
  draw(points, flashed) {
    const { memory } = this;
    const words = new Uint32Array(points.buffer);
    words.fill(colour(this.border, false));
    for (let y = 0; y < 192; y += 1) {
      for (let column = 0; column < COLUMNS; column += 1) {
        const bits = memory[cell(y >> 3, column, y & 7)];
        const colours = memory[attribute(y >> 3, column)];
        const bright = (colours & 0x40) !== 0;
        const swap = flashed && (colours & 0x80) !== 0;
        const ink = colour(colours & 7, bright);
        const paper = colour((colours >> 3) & 7, bright);
        const at = (y + 24) * SpectrumMachine.width + 32 + 8 * column;
        for (let x = 0; x < 8; x += 1) words[at + x] = ((bits << x) & 0x80) !== 0 !== swap ? ink : paper;
      }
    }
  }
}

/** Bit 0 blue, 1 red, 2 green; as a word of RGBA, little-endian. */
function colour(number, bright) {
  const level = bright ? 0xff : 0xd7;
  const [red, green, blue] = [2, 4, 1].map((bit) => (number & bit ? level : 0));
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
